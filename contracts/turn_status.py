"""Turn status: how a turn ended, or that it waits or runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .move import Finish, Halt, Move

__all__ = ["TurnStatus", "turn_status"]

TurnStatus = Literal["settled", "unsettled", "rejected", "halted", "waiting", "running"]
"""How a turn ended, or that it waits for a person, or that it has not ended."""


def turn_status(moves: Sequence[Move]) -> TurnStatus:
    """How the turn with these moves ended, or that it waits or runs."""
    if not moves:
        return "running"
    match moves[-1]:
        case Finish(outcome=outcome) | Halt(outcome=outcome):
            return outcome
        case move:
            return "waiting" if move.kind == "ask" else "running"
