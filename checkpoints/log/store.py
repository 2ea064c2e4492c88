"""Store: the port between the log's rules and the database that keeps it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from ...contracts import DatabaseError
from .line import Line, LineKey
from .line_row import LineRow
from .refusals import Refused

__all__ = [
    "Adding",
    "CheckpointRow",
    "Found",
    "LostDatabase",
    "Reader",
    "RemovalRow",
    "Store",
    "Superseded",
    "Transaction",
    "WritesRow",
]


class Superseded(Exception):
    """What was read or remembered before holds no longer: begin again. Nothing has been changed."""


class LostDatabase(DatabaseError):
    """The database went away; whether what was being written is durable, nobody knows."""


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


class RemovalRow(NamedTuple):
    """That a line was removed, as it is stored: nobody learns its thread from it who does not know it."""

    name: str
    """A digest of thread, namespace and salt, 64 hexadecimal digits."""
    salt: bytes
    """The salt, sealed where the database is encrypted."""
    tip: bytes | None
    """Digest of its newest event."""
    events: int
    """How many events it had."""
    removed_at: str
    """When, in ISO 8601 UTC."""


class Found(NamedTuple):
    """A line with one of its checkpoints."""

    line: Line
    """Where the line stands."""
    chain: list[CheckpointRow]
    """As `Reader.chain` gives it."""
    writes: list[WritesRow]
    """What tasks wrote on the checkpoint."""


class Reader(Protocol):
    """Reads of one moment. Every method raises DatabaseError where the database cannot be read."""

    def find(self, key: LineKey, checkpoint: str | None, *, writes: bool = True) -> Found | None:
        """A line with one of its checkpoints, the newest where None, in one question; None where there is no line.

        It must come first, and only questions about this line may follow. They raise Superseded where the line was
        pruned meanwhile.

        Args:
            key: The line.
            checkpoint: Id of the checkpoint.
            writes: Whether what tasks wrote on it is needed.
        """
        ...

    def line(self, key: LineKey) -> Line | None:
        """Where a line stands."""
        ...

    def lines(self, thread: str | None = None, refused: Refused | None = None) -> list[Line]:
        """The lines of one thread, or all; those written last come first.

        Args:
            thread: Its id; None for all.
            refused: Takes the error of each line that cannot be opened, which is left out then; else it is raised.
        """
        ...

    def pending(self, mask: int) -> set[int]:
        """Numbers of the lines without a namespace on whose newest checkpoint a task wrote what has a bit of `mask`."""
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

    def rows(self, line: int, places: Collection[int]) -> list[CheckpointRow]:
        """The checkpoints at these places of a line; those that are not there are left out."""
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

    def line_rows(self, names: Collection[str] | None, after: int, limit: int) -> list[LineRow]:
        """Lines as they are stored, of these names or all, by their numbers, from the one after `after`."""
        ...

    def strays(self) -> list[int]:
        """Numbers of lines that have events, but no row of their own."""
        ...

    def removals(self) -> Iterator[RemovalRow]:
        """What was removed."""
        ...

    def setting(self, name: str) -> str | None:
        """What the database is to remember under a name; None where that is nothing."""
        ...


class Adding(Protocol):
    """What adds rows to lines, which become durable together.

    Any method, and the end of the block, may raise Superseded where lines are no longer as this process knew them.
    """

    def open_lines(self, keys: Collection[LineKey]) -> dict[LineKey, Line]:
        """The lines of these keys, made where they are not there."""
        ...

    def places(self, count: int) -> Sequence[int]:
        """So many new places, in ascending order, above all of the lines that were opened."""
        ...

    def chain(self, line: int, checkpoint: str | None) -> list[CheckpointRow]:
        """As in `Reader`."""
        ...

    def place_of(self, line: int, checkpoint: str) -> int | None:
        """As in `Reader`."""
        ...

    def rows(self, line: int, places: Collection[int]) -> list[CheckpointRow]:
        """As in `Reader`."""
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


class Transaction(Adding, Reader, Protocol):
    """Reads and writes that become durable together. Lines that were asked for are nobody else's until it ends."""

    def replace(self, checkpoints: Sequence[CheckpointRow], writes: Sequence[WritesRow]) -> None:
        """Put rows in the place of those of the same places."""
        ...

    def remove(self, line: int, places: Collection[int]) -> None:
        """Take rows out of a line."""
        ...

    def remove_lines(self, lines: Collection[int]) -> None:
        """Take lines out with all that they have. `removal.remove_lines` records it too."""
        ...

    def forget(self, threads: Collection[str], before: str | None) -> None:
        """Remove entries of the journal.

        Args:
            threads: The names under which those of a thread may stand.
            before: Only those asked before this time, in ISO 8601 UTC with microseconds; None for all.
        """
        ...

    def rename(self, line: int, name: str, sealed: bytes | None) -> None:
        """Store a line under another name of its thread."""
        ...

    def record(self, removals: Sequence[RemovalRow]) -> None:
        """Store what was removed, in the place of the rows of the same names."""
        ...

    def set(self, name: str, value: str | None) -> None:
        """Let the database remember something under a name, or forget it where it is None."""
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

    def adding(self) -> AbstractContextManager[Adding]:
        """Rows that are added, durable when the block ends, unless it raises. The one writer's thread only.

        Raises:
            Superseded: Lines are no longer as this process knew them: do the same in `writing`.
        """
        ...

    def writing(self) -> AbstractContextManager[Transaction]:
        """A transaction, durable when the block ends, undone where it raises. The one writer's thread only."""
        ...

    def size(self) -> int:
        """Bytes that the log and what is kept beside it take on the disk."""
        ...

    def vacuum(self) -> None:
        """Give the space back that removed rows have left. Writers may have to wait."""
        ...

    def close(self) -> None:
        """Close what it has opened."""
        ...
