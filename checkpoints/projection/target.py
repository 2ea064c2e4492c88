"""Projection target: the port to the database that projections are written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from .rows import Rows

__all__ = ["KnownTurn", "Mark", "ProjectionTarget", "ThreadChange"]


class Mark(NamedTuple):
    """Up to where a thread was projected."""

    digest: str
    """Digest of the newest event, which covers all before it, hexadecimal."""
    generation: int
    """The line's generation: where it differs, what was projected before does not hold."""


class KnownTurn(NamedTuple):
    """A turn that was projected."""

    turn: int
    """Its number."""
    opened_at: str | None
    """When it was opened, in the form of a cell."""


@dataclass(frozen=True, slots=True)
class ThreadChange:
    """What is to become of the rows of one thread."""

    thread: str
    """The thread's id, as `name_of` gives it."""
    before: Mark | None
    """Up to where it had been projected when this was made; None where it had not."""
    keep: int = 0
    """Rows of turns up to this number stay as they are; all others are replaced."""
    rows: Rows = field(default_factory=dict)
    """The new rows by table; without any, the thread is gone."""

    @property
    def size(self) -> int:
        """How many rows it brings."""
        return sum(map(len, self.rows.values()))


class ProjectionTarget(Protocol):
    """The database that projections are written to.

    Every method raises DatabaseError where the database cannot be read or written.
    """

    def prepare(self, source: str, *, rebuild: bool) -> None:
        """Make the tables and views where they are missing or of another quorate; with `rebuild` empty them.

        Args:
            source: The database that is projected, for people; empty where it is this one.
            rebuild: Whether to begin anew.

        Raises:
            DatabaseError: A table or view of such a name is no projection, or is one of another database.
        """
        ...

    def marks(self) -> dict[str, Mark]:
        """Up to where each thread was projected."""
        ...

    def turns(self, thread: str) -> Mapping[str, KnownTurn]:
        """The turns of a thread that were projected, by the id of their newest checkpoint."""
        ...

    def write(self, changes: Sequence[ThreadChange]) -> None:
        """Write changes in one transaction; those to threads that another process has projected since are left out."""
        ...

    def finish(self) -> None:
        """Record that all is projected."""
        ...

    def close(self) -> None:
        """Close what was opened."""
        ...
