"""What a run says of a thread."""

from __future__ import annotations

import pytest

from quorate.command.outcome import Outcome
from quorate.command.thread_view import ThreadView
from quorate.contracts import Effect, dump
from quorate.graphs import Turn


@pytest.mark.parametrize(
    "by, told",
    [("t-1", False), ("t-1 (turn 2)", False), ("t-12", True), ("t-1 (turn 2) again", True), ("other", True)],
)
def test_duplicate_of_itself(by: str, told: bool) -> None:
    """An effect that an earlier turn of the same thread executed is no duplicate of another."""
    effect = Effect("post", {"total": "1"}, status="duplicate", note=f"already done by {by}")
    view = ThreadView("t-1", "settled", Turn.read({"effects": {effect.slot: dump(effect)}}))
    assert bool(Outcome.of_view("a.txt", view, ran=True).duplicates) is told


def test_unfinished() -> None:
    """A thread that another run may be working on says so, and what to do."""
    outcome = Outcome.of_view("a.txt", ThreadView("t-1", "unfinished", Turn.read({})), ran=True)
    assert (outcome.status, outcome.fix) == (
        "unfinished",
        "another run may be at work on it; run again when it has ended",
    )
