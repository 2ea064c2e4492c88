from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.dictionary_samples import samples
from benchmarks.train_dictionary import SIZE, compressor, stored, train


def test_samples_are_the_same_for_a_seed() -> None:
    """A seed gives the same rows again, teams' and other graphs', and none of them tells what day it is."""
    rows = samples(7, 1)
    assert samples(7, 1) == rows
    content = b"\n".join(rows)
    for name in (b"branch:to:supervisor", b"HumanMessage", b"tool_call_with_context", b"__interrupt__", b"Overwrite"):
        assert name in content
    assert datetime.now(UTC).strftime("%Y-%m-%dT").encode() not in content


def test_dictionary_can_be_trained() -> None:
    """A dictionary that is trained on some rows makes others smaller than half."""
    rows = samples(7, 1)
    compress = compressor(train(rows[::2], SIZE), 1).compress
    others = rows[1::2]
    assert 2 * stored([compress(row) for row in others], others) < sum(map(len, others))
