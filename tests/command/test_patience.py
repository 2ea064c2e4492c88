"""What is told of long work: on stderr, seldom enough, and not of what is quick."""

from __future__ import annotations

import pytest

from quorate.command.patience import EVERY, patience


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Where stderr is no terminal a line is told only after some seconds, and then not again for as long."""
    times = iter([0.0, 1.0, EVERY, EVERY, EVERY + 1, 2 * EVERY, 2 * EVERY])
    with patience(lambda: next(times)) as tell:
        for doing in ("first", "sec\x1bond", "third", "fourth"):
            tell(doing)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [r"sec\x1bond", "fourth"]
