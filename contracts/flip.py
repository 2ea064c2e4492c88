"""Flip: a change of claims that would have led to another outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Change", "ChangeKind", "Flip"]

ChangeKind = Literal["drop", "change", "raise", "add"]
"""What an agent would have done otherwise.

`drop`: claimed nothing. `change`: claimed `value` with `confidence`, and nothing else. `raise`: been as sure as
`confidence` of `value`, which it did claim. `add`: claimed `value` with `confidence`, where it claimed nothing.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What one agent would have claimed otherwise."""

    agent: str
    """Name of the agent."""
    kind: ChangeKind
    """What it would have done."""
    value: Any = None
    """The value, as plain JSON data; None for `drop`."""
    confidence: float = 0.0
    """Its confidence, in [0, 1]: the least that is enough, to two digits, or what the agent had; 0 for `drop`."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A smallest change of claims that would have led to another outcome: one of as few agents as possible."""

    changes: tuple[Change, ...]
    """What the agents would have claimed otherwise: one change for each of them."""
    value: Any = None
    """The value that would have been settled, as plain JSON data; None where none would."""
    exact: bool = True
    """Whether it is known that no fewer agents are enough. False where there were too many ways to try."""
