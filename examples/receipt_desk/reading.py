"""Reading: what one reader saw on a page, before it is known how far the reader can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from quorate.contracts import Capability

from .layout import Layout

__all__ = ["Read", "Reader", "Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A value that a reader saw."""

    field: str
    """Name of the field: `company`, `date`, `total` or `address`."""
    value: str | Decimal | date
    """The value, in the field's type."""
    how: str
    """The coarse circumstances, such as which label stood before it; reliability is learned for each."""
    words: tuple[int, ...]
    """Indices of the words that it was seen in, in reading order."""
    reason: str
    """One line for the person who reviews."""
    known: str = ""
    """The entry of the vendor register that it comes from; empty for what stands on the page itself."""


Read = Callable[[Layout], Iterable[Reading]]
"""From a page to what is seen there, the most trusted first; nothing where the reader has no opinion."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A named way of reading; it becomes an agent once its reliability is known."""

    name: str
    """Name of the agent."""
    fields: tuple[str, ...]
    """The fields that it may claim."""
    read: Read
    """The reading itself."""
    capability: Capability = "extraction"
    """What the agent is for."""
    version: str = "1.0.0"
    """Version of the agent's contract."""
