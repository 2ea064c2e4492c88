"""Store: the port between the log's rules and the database that keeps it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from .line import Line, LineKey

__all__ = ["CheckpointRow", "Reader", "Store", "Transaction", "WritesRow"]


class CheckpointRow(NamedTuple):
    """A checkpoint as it is stored."""

    seq: int
    """Its place in the log; later events have higher ones, over all lines."""
    line: int
    """Number of its line."""
    id: str
    """Its id."""
    parent: int | None
    """The place of the checkpoint that it follows."""
    depth: int
    """How many checkpoints before it are needed to read its header; -1: it was pruned, and only holds values."""
    digest: bytes
    """The chain's digest up to it."""
    payload: bytes
    """Its content, as `Codec` and `Envelope` made it."""


class WritesRow(NamedTuple):
    """What one task wrote, as it is stored."""

    seq: int
    """Its place in the log."""
    line: int
    """Number of its line."""
    checkpoint: int | None
    """The place of the checkpoint that the task ran on; None where that came later and never arrived."""
    early: str | None
    """That checkpoint's id, where the writes came before it."""
    task: str
    """Id of the task."""
    mask: int
    """`mask_of` the channels written; 0 where the row was pruned, and only proves the chain."""
    digest: bytes
    """The chain's digest up to it."""
    payload: bytes
    """Its content."""


class Reader(Protocol):
    """Reads of one moment. Every method raises DatabaseError where the database cannot be read."""

    def line(self, key: LineKey) -> Line | None:
        """Where a line stands."""
        ...

    def lines(self, thread: str | None = None) -> list[Line]:
        """The lines of one thread, or all; those written last come first."""
        ...

    def chain(self, line: int, checkpoint: str | None) -> list[CheckpointRow]:
        """A checkpoint, the newest where None, before it the `depth` ones that its header needs; oldest first."""
        ...

    def place_of(self, line: int, checkpoint: str) -> int | None:
        """The place of a checkpoint; None where it is not there."""
        ...

    def page(
        self, lines: Collection[int] | None, *, before_id: str | None, before: int | None, limit: int
    ) -> list[CheckpointRow]:
        """Checkpoints, newest first: of these lines, with an id below `before_id`, and a place below `before`."""
        ...

    def rows(self, places: Collection[int]) -> list[CheckpointRow]:
        """The checkpoints at these places; those that are not there are left out."""
        ...

    def writes(self, line: int, checkpoints: Collection[int]) -> list[WritesRow]:
        """What tasks wrote on these checkpoints of a line, in the order of arrival."""
        ...

    def path_writes(self, line: int, start: int, end: int, mask: int) -> list[WritesRow]:
        """What tasks wrote on the checkpoints from `start` back, over parents, to `end`, both included.

        Newest checkpoint first, within one in the order of arrival; those whose mask has a bit of `mask`.
        """
        ...

    def events(self, line: int, after: int = 0) -> Iterator[CheckpointRow | WritesRow]:
        """Everything in a line's log after a place, in order, pruned rows included."""
        ...


class Transaction(Reader, Protocol):
    """Reads and writes that become durable together. Lines that were asked for are nobody else's until it ends."""

    def open_lines(self, keys: Collection[LineKey]) -> dict[LineKey, Line]:
        """The lines of these keys, made where they are not there."""
        ...

    def places(self, count: int) -> int:
        """The first of `count` new places at the log's end."""
        ...

    def add(self, checkpoints: Sequence[CheckpointRow], writes: Sequence[WritesRow]) -> None:
        """Add rows."""
        ...

    def adopt(self, line: int, checkpoint: str, place: int) -> int:
        """Give the writes that came before a checkpoint its place; how many rows they were."""
        ...

    def save(self, lines: Iterable[Line]) -> None:
        """Store where lines stand."""
        ...

    def replace(self, checkpoints: Sequence[CheckpointRow], writes: Sequence[WritesRow]) -> None:
        """Put rows in the place of those of the same places."""
        ...

    def remove(self, places: Collection[int]) -> None:
        """Take rows out."""
        ...

    def remove_lines(self, lines: Collection[int]) -> None:
        """Take lines out with all that they have."""
        ...


class Store(Protocol):
    """Where the log is kept."""

    @property
    def shown(self) -> str:
        """How errors call the database."""
        ...

    def reading(self) -> AbstractContextManager[Reader]:
        """Reads of one moment; they do not wait for a writer. Any thread may read."""
        ...

    def writing(self) -> AbstractContextManager[Transaction]:
        """A transaction, durable when the block ends, undone where it raises. The one writer's thread only."""
        ...

    def close(self) -> None:
        """Close what it has opened."""
        ...
