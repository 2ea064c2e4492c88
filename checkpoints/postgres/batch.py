"""PostgresBatch: rows that are added to lines in one statement, on the strength of what this process knows of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from psycopg.errors import DeadlockDetected, DivisionByZero, SerializationFailure, UniqueViolation
from psycopg.types.numeric import Int8

from ..log.known_lines import KnownLine, KnownLines
from ..log.line import Line, LineKey
from ..log.store import CheckpointRow, Superseded, WritesRow
from ..sealing.seal import Sealer
from .array import Binaries, Numbers, Texts
from .places import BLOCK, Places
from .reader import PostgresReader
from .rows import ADD_CHECKPOINTS, ADD_WRITES, checkpoint_columns, sealed_name, writes_columns
from .text import stored

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

__all__ = ["PostgresBatch"]

# The statement fails, and undoes itself, unless every line stands where it was known to stand: its tip covers all
# its events, and its generation counts what was done to them afterwards.
_MOVE = (
    "moved AS (UPDATE quorate_threads t SET head = v.head, owner = v.owner, tip = v.tip, events = v.events,"
    " early = v.early FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b)"
    " AS v (line, known, generation, head, owner, tip, events, early)"
    " WHERE t.line = v.line AND t.tip IS NOT DISTINCT FROM v.known AND t.generation = v.generation RETURNING 1)"
)
_MAKE = (
    "made AS (INSERT INTO quorate_threads"
    " (line, thread, namespace, sealed, head, owner, tip, events, early, generation)"
    " SELECT *, 0 FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b, %b))"
)
_ADOPT = (
    "adopted AS (UPDATE quorate_writes w SET checkpoint = v.place, early = NULL"
    " FROM unnest(%b, %b, %b) AS v (line, early, place)"
    " WHERE w.line = v.line AND w.checkpoint IS NULL AND w.early = v.early)"
)
_END = (
    "SELECT CASE WHEN %b THEN nextval('quorate_places') END,"
    " 1 / CASE WHEN (SELECT count(*) FROM moved) = %b THEN 1 ELSE 0 END"
)
_EARLY = "SELECT count(*) FROM quorate_writes WHERE line = %b AND checkpoint IS NULL AND early = %b"
_CHANGED = (DivisionByZero, SerializationFailure, DeadlockDetected)


class PostgresBatch:
    """Rows that are added to lines in one statement: see `Adding`.

    Args:
        connection: The database, outside of a transaction.
        sealer: What names and seals threads.
        known: Where lines stand as far as this process knows.
        places: Places in the log that the database has given to this process.
    """

    def __init__(self, connection: Connection[DictRow], sealer: Sealer, known: KnownLines, places: Places) -> None:
        self._connection = connection
        self._reader = PostgresReader(connection, sealer, begun=True)
        self._sealer = sealer
        self._known = known
        self._places = places
        self._opened: dict[LineKey, Line] = {}
        self._early: dict[int, dict[str, int] | None] = {}
        self._tips: dict[int, bytes | None] = {}
        self._new: set[int] = set()
        self._above = 0
        self._last = 0
        self._checkpoints: list[CheckpointRow] = []
        self._writes: list[WritesRow] = []
        self._adopted: list[tuple[int, str, int]] = []

    def open_lines(self, keys: Collection[LineKey]) -> dict[LineKey, Line]:
        """The lines of these keys, as this process knows them; new ones are made at the end."""
        found = {key: self._known.get(key) for key in keys}
        self._above = max((known.last for known in found.values() if known is not None), default=0)
        for key, known in found.items():
            if known is None:
                raise Superseded
            if known.line is None:
                line = Line(self._take(1)[0], key)
                self._new.add(line.id)
            else:
                line = known.line
            self._opened[key] = line
            self._early[line.id] = known.early if line.early else {}
            self._tips[line.id] = line.tip
        return self._opened

    def places(self, count: int) -> range:
        """So many new places."""
        taken = self._take(count)
        self._last = taken[-1]
        return taken

    def chain(self, line: int, checkpoint: str | None) -> list[CheckpointRow]:
        """A checkpoint and before it those that its header needs, oldest first."""
        if any(row.line == line for row in self._checkpoints):
            raise Superseded  # what is still to be added belongs to it
        return [] if line in self._new else self._reader.chain(line, checkpoint)

    def place_of(self, line: int, checkpoint: str) -> int | None:
        """The place of a checkpoint; None where it is not there."""
        for row in self._checkpoints:
            if row.line == line and row.id == checkpoint:
                return row.seq
        return None if line in self._new else self._reader.place_of(line, checkpoint)

    def rows(self, line: int, places: Collection[int]) -> list[CheckpointRow]:
        """The checkpoints at these places."""
        if any(row.line == line for row in self._checkpoints):
            raise Superseded  # what is still to be added may belong to them
        return self._reader.rows(line, places)

    def add(self, checkpoints: Sequence[CheckpointRow], writes: Sequence[WritesRow]) -> None:
        """Add rows, at the end."""
        self._checkpoints += checkpoints
        self._writes += writes

    def adopt(self, line: int, checkpoint: str, place: int) -> int:
        """Give the writes that came before a checkpoint its place; how many rows they are."""
        pending = 0
        for number, row in enumerate(self._writes):
            if row.line == line and row.early == checkpoint:
                self._writes[number] = row._replace(checkpoint=place, early=None)
                pending += 1
        early = self._early[line]
        if early is None:
            ((before,),) = self._reader.ask(_EARLY, (Int8(line), stored(checkpoint)))
        else:
            before = early.pop(checkpoint, 0)
        if before:
            self._adopted.append((line, checkpoint, place))
        return pending + int(before)

    def save(self, lines: Iterable[Line]) -> None:
        """Store where lines stand, at the end: the lines are those that were opened."""

    def finish(self) -> None:
        """Do it all, durably.

        Raises:
            Superseded: Lines are no longer as this process knew them; nothing has been changed.
        """
        moved = sorted((line for line in self._opened.values() if line.id not in self._new), key=_number)
        parts, values = [_MOVE], self._moves(moved)
        if self._new:
            parts.append(_MAKE)
            values += self._makes()
        if self._checkpoints:
            parts.append(f"added AS ({ADD_CHECKPOINTS})")
            values += checkpoint_columns(self._checkpoints)
        if self._writes:
            parts.append(f"written AS ({ADD_WRITES})")
            values += writes_columns(self._writes)
        if self._adopted:
            parts.append(_ADOPT)
            of, ids, places = zip(*self._adopted, strict=True)
            values += [Numbers(of), Texts(map(stored, ids)), Numbers(places)]
        values += [self._places.low, Int8(len(moved))]
        try:
            ((first, _),) = self._reader.ask(f"WITH {', '.join(parts)} {_END}", values)
        except _CHANGED as error:
            raise Superseded from error
        except UniqueViolation as error:
            if error.diag.table_name == "quorate_threads":  # another process has made the line
                raise Superseded from error
            raise
        if first is not None:
            self._places.renew(first)
        self._keep()

    def _keep(self) -> None:
        for row in self._writes:
            early = self._early[row.line]
            if early is not None and row.early is not None:
                early[row.early] = early.get(row.early, 0) + 1
        for key, line in self._opened.items():
            known = self._known.get(key)
            last = max(self._last, known.last if known else 0)
            self._known.keep(key, KnownLine(line, last, self._early[line.id]))

    def forget(self) -> None:
        """Drop what was known of the lines: it has been changed in vain."""
        self._known.forget(self._opened)

    def _moves(self, lines: Sequence[Line]) -> list[object]:
        return [
            Numbers(line.id for line in lines),
            Binaries(self._tips[line.id] for line in lines),
            Numbers(line.generation for line in lines),
            Numbers(line.head for line in lines),
            Numbers(line.owner for line in lines),
            Binaries(line.tip for line in lines),
            Numbers(line.events for line in lines),
            Numbers(line.early for line in lines),
        ]

    def _makes(self) -> list[object]:
        lines = sorted((line for line in self._opened.values() if line.id in self._new), key=_number)
        names = [sealed_name(self._sealer, line.key.thread) for line in lines]
        return [
            Numbers(line.id for line in lines),
            Texts(stored(name) for name, _ in names),
            Texts(stored(line.key.namespace) for line in lines),
            Binaries(sealed for _, sealed in names),
            Numbers(line.head for line in lines),
            Numbers(line.owner for line in lines),
            Binaries(line.tip for line in lines),
            Numbers(line.events for line in lines),
            Numbers(line.early for line in lines),
        ]

    def _take(self, count: int) -> range:
        if not self._places.has(count, self._above):
            if count > BLOCK:
                raise Superseded
            ((first,),) = self._reader.ask("SELECT nextval('quorate_places')", ())
            self._places.renew(first)
        return self._places.take(count)


def _number(line: Line) -> int:
    return line.id
