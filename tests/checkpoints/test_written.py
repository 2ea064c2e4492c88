from __future__ import annotations

from typing import Any

import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.checkpoints.log.written import Written, digest_of_write, written_of

LENGTHS = (0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536)

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(),
        st.text(max_size=40),
        st.binary(max_size=40),
        st.builds(ormsgpack.Ext, st.integers(0, 127), st.binary(max_size=20)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=17),
        st.dictionaries(st.one_of(st.text(max_size=5), st.integers(0, 300)), inner, max_size=17),
    ),
    max_leaves=8,
)


def packed(value: Any) -> bytes:
    return ormsgpack.packb(value, option=ormsgpack.OPT_NON_STR_KEYS)


@given(st.text(max_size=40), st.lists(st.lists(VALUES, min_size=3, max_size=4), max_size=6))
def test_writes_are_taken_apart_as_they_were_put_together(path: str, writes: list[Any]) -> None:
    """What a task wrote becomes one list of MessagePack, and the same bytes again, write by write."""
    written = Written(packed(path), [packed(write) for write in writes])
    assert written.content == packed([path, writes])
    assert written_of(written.content) == written
    assert written.digests == [digest_of_write(write) for write in written.writes]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("kind", ["text", "bytes", "extension", "list", "map", "writes"])
def test_every_length(kind: str, length: int) -> None:
    """Values of every form in which MessagePack tells a length are passed over whole."""
    value: Any = {
        "text": "x" * length,
        "bytes": b"x" * length,
        "extension": ormsgpack.Ext(5, b"x" * length),
        "list": [None] * length,
        "map": dict.fromkeys(range(length), 1.5),
        "writes": 0,
    }[kind]
    writes = [packed([0, "a", value]), packed([1, "b", value])]
    if kind == "writes":
        writes *= length // 2
    written = Written(packed("path"), writes)
    assert written_of(written.content) == written


@given(st.binary(max_size=60))
def test_what_are_no_writes(content: bytes) -> None:
    """Bytes that are no path with a list of writes are refused, or are just what they say."""
    try:
        written = written_of(content)
    except ValueError:
        return
    assert written.content == content


def test_writes_that_end_early() -> None:
    """Writes of which the end is missing, or to which bytes were added, are refused."""
    some = [[0, "a", {"b": [1.5, None, 2**40]}], [-1, "c", b"x" * 300], [2, "d", ormsgpack.Ext(5, b"xyz"), "a"]]
    content = Written(packed("path"), [packed(write) for write in some]).content
    for changed in (*(content[:cut] for cut in range(len(content))), content + content[-1:]):
        with pytest.raises(ValueError, match="it "):
            written_of(changed)
