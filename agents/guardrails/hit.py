"""Hit: one thing in a text that a check looks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Find", "Hit", "masked"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found."""

    kind: str
    """What it is, such as `email`."""
    found: str
    """The text itself. It is compared with what is allowed, and never stored."""
    shown: str
    """What may be said of it in a fault."""


Find: TypeAlias = Callable[[str], Iterable[Hit]]
"""From a text to what is in it, in time proportional to its length."""


def masked(text: str) -> str:
    """What is said of a text that must not be repeated: its beginning and its length."""
    return f"{text[:2]!r}... of {len(text)} characters"
