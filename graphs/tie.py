"""Tie: the values between which a field is undecided, so that none of them is proposed."""

from __future__ import annotations

from typing import Any

from ..contracts import Alternative, Decision
from .conflict import joined, short
from .voting import is_tie, level

__all__ = ["proposed", "tied", "why_none"]


def tied(decision: Decision) -> tuple[Alternative, ...]:
    """The candidates that tie, best first; none where one value leads, or a rule or a person has set it.

    The value of such a decision is only the first of them in the order of their keys.
    """
    tally = decision.tally
    if decision.status != "contested" or not is_tie(tally):
        return ()
    return level(tally) if decision.confidence == tally[0].confidence else ()  # a rule that sets a value is sure of it


def proposed(decision: Decision) -> Any:
    """The value that a person can approve; None where there is none, or several tie."""
    return None if tied(decision) else decision.value


def why_none(decision: Decision) -> str:
    """Why there is no value to approve, as the beginning of a sentence."""
    values = joined([short(each.value) for each in tied(decision)])
    return f"field {decision.field!r} " + (f"is a tie between {values}" if values else "has no value yet")
