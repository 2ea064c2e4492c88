"""SqliteReader: reads of the log in a SQLite file, of one moment."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ..log.line import Line, LineKey
from ..log.line_row import LineRow, lines_of
from ..log.refusals import Refused
from ..log.store import CheckpointRow, Found, RemovalRow, WritesRow
from ..sealing.seal import Sealer

__all__ = ["SqliteReader", "marks"]

_LINE = (
    "SELECT t.line, t.thread, t.sealed, t.namespace, t.head, c.id, t.owner, t.tip, t.events, t.early, t.generation"
    " FROM quorate_threads t LEFT JOIN quorate_checkpoints c ON c.seq = t.head"
)
_STRAYS = (
    "SELECT line FROM quorate_checkpoints WHERE line NOT IN (SELECT line FROM quorate_threads)"
    " UNION SELECT line FROM quorate_writes WHERE line NOT IN (SELECT line FROM quorate_threads)"
)
_CHECKPOINT = "SELECT seq, line, id, parent, depth, digest, payload FROM quorate_checkpoints"
_WRITES = "SELECT seq, line, checkpoint, early, task, mask, digest, payload FROM quorate_writes"
_PENDING = (
    "SELECT t.line FROM quorate_threads t WHERE t.namespace = '' AND EXISTS (SELECT 1 FROM quorate_writes w"
    " WHERE w.line = t.line AND w.checkpoint = t.head AND w.mask & ?)"
)
# A parent's place is lower: a row that somebody changed must not send a query round in a circle.
_PATH = (
    "WITH RECURSIVE path (seq, parent, step) AS ("
    " SELECT seq, parent, 0 FROM quorate_checkpoints WHERE seq = ?"
    " UNION ALL SELECT c.seq, c.parent, step + 1 FROM path JOIN quorate_checkpoints c ON c.seq = path.parent"
    " WHERE path.seq > ? AND c.seq < path.seq)"
    " SELECT w.seq, w.line, w.checkpoint, w.early, w.task, w.mask, w.digest, w.payload"
    " FROM path JOIN quorate_writes w ON w.line = ? AND w.checkpoint = path.seq"
    " WHERE w.mask & ? ORDER BY path.step, w.seq"
)
_CHAIN = (
    "WITH RECURSIVE chain (seq, left) AS ("
    " SELECT seq, depth FROM quorate_checkpoints WHERE seq = ? AND depth >= 0"
    " UNION ALL SELECT c.parent, chain.left - 1 FROM chain JOIN quorate_checkpoints c ON c.seq = chain.seq"
    " WHERE chain.left > 0 AND c.parent < c.seq)"
    " SELECT c.seq, c.line, c.id, c.parent, c.depth, c.digest, c.payload"
    " FROM chain JOIN quorate_checkpoints c ON c.seq = chain.seq ORDER BY c.seq"
)


class SqliteReader:
    """Reads of one moment: see `Reader`."""

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def find(self, key: LineKey, checkpoint: str | None, *, writes: bool = True) -> Found | None:
        """A line with one of its checkpoints."""
        line = self.line(key)
        if line is None:
            return None
        chain = self.chain(line.id, checkpoint)
        return Found(line, chain, self.writes(line.id, [chain[-1].seq]) if chain and writes else [])

    def line(self, key: LineKey) -> Line | None:
        """Where a line stands."""
        for name in self._sealer.names_of(key.thread):
            row = self._connection.execute(
                f"{_LINE} WHERE t.thread = ? AND t.namespace = ?", (name, key.namespace)
            ).fetchone()
            if row is not None:
                return self._line(row)
        return None

    def lines(self, thread: str | None = None, refused: Refused | None = None) -> list[Line]:
        """The lines of one thread, or all; those written last come first."""
        names = [None] if thread is None else self._sealer.names_of(thread)
        where = "" if thread is None else " WHERE t.thread = ?"
        rows = [
            LineRow(*row)
            for name in names
            for row in self._connection.execute(f"{_LINE}{where}", () if name is None else (name,))
        ]
        return lines_of(rows, self._sealer, refused)

    def pending(self, mask: int) -> set[int]:
        """Numbers of the lines on whose newest checkpoint a task wrote what has a bit of `mask`."""
        return {line for (line,) in self._connection.execute(_PENDING, (mask,))}

    def chain(self, line: int, checkpoint: str | None) -> list[CheckpointRow]:
        """A checkpoint and before it those that its header needs, oldest first."""
        if checkpoint is None:
            place = self._value("SELECT head FROM quorate_threads WHERE line = ?", (line,))
        else:
            place = self.place_of(line, checkpoint)
        return [] if place is None else self._checkpoints(_CHAIN, (place,))

    def page(
        self, lines: Collection[int] | None, *, before_id: str | None, before: int | None, limit: int
    ) -> list[CheckpointRow]:
        """Checkpoints, newest first."""
        conditions = ["depth >= 0"]
        values: list[object] = []
        if lines is not None:
            conditions.append(f"line IN ({marks(lines)})")
            values += lines
        if before_id is not None:
            conditions.append("id < ?")
            values.append(before_id)
        if before is not None:
            conditions.append("seq < ?")
            values.append(before)
        return self._checkpoints(
            f"{_CHECKPOINT} WHERE {' AND '.join(conditions)} ORDER BY seq DESC LIMIT ?", (*values, limit)
        )

    def rows(self, line: int, places: Collection[int]) -> list[CheckpointRow]:
        """The checkpoints at these places."""
        return self._checkpoints(f"{_CHECKPOINT} WHERE seq IN ({marks(places)})", tuple(places)) if places else []

    def writes(self, line: int, checkpoints: Collection[int]) -> list[WritesRow]:
        """What tasks wrote on these checkpoints, in the order of arrival."""
        sql = f"{_WRITES} WHERE line = ? AND checkpoint IN ({marks(checkpoints)}) ORDER BY seq"
        return [WritesRow(*row) for row in self._connection.execute(sql, (line, *checkpoints))]

    def path_writes(self, line: int, start: int, end: int, mask: int) -> list[WritesRow]:
        """What tasks wrote on the checkpoints from `start` back, over parents, to `end`."""
        return [WritesRow(*row) for row in self._connection.execute(_PATH, (start, end, line, mask))]

    def events(self, line: int, after: int = 0) -> Iterator[CheckpointRow | WritesRow]:
        """Everything in a line's log after a place, in order."""
        where = "WHERE line = ? AND seq > ? ORDER BY seq"
        checkpoints = self._connection.execute(f"{_CHECKPOINT} {where}", (line, after))
        writes = self._connection.execute(f"{_WRITES} {where}", (line, after))
        rows: list[Iterator[CheckpointRow | WritesRow]] = [
            map(CheckpointRow._make, checkpoints),
            map(WritesRow._make, writes),
        ]
        yield from heapq.merge(*rows, key=_place)

    def place_of(self, line: int, checkpoint: str) -> int | None:
        """The place of a checkpoint; None where it is not there."""
        return self._value(
            "SELECT seq FROM quorate_checkpoints WHERE line = ? AND id = ? AND depth >= 0", (line, checkpoint)
        )

    def _value(self, sql: str, values: Sequence[Any]) -> int | None:
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def _checkpoints(self, sql: str, values: Sequence[object]) -> list[CheckpointRow]:
        return [CheckpointRow(*row) for row in self._connection.execute(sql, values)]

    def line_rows(self, names: Collection[str] | None, after: int, limit: int) -> list[LineRow]:
        """Lines as they are stored, by their numbers."""
        chosen = "" if names is None else f" AND t.thread IN ({marks(names)})"
        sql = f"{_LINE} WHERE t.line > ?{chosen} ORDER BY t.line LIMIT ?"
        return [LineRow(*row) for row in self._connection.execute(sql, (after, *(names or ()), limit))]

    def strays(self) -> list[int]:
        """Numbers of lines that have events, but no row of their own."""
        return [line for (line,) in self._connection.execute(_STRAYS)]

    def removals(self) -> Iterator[RemovalRow]:
        """What was removed."""
        sql = "SELECT name, salt, tip, events, removed_at FROM quorate_removed ORDER BY name"
        return (RemovalRow(*row) for row in self._connection.execute(sql))

    def setting(self, name: str) -> str | None:
        """What the file is to remember under a name."""
        row = self._connection.execute("SELECT value FROM quorate_meta WHERE key = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def _line(self, row: Sequence[Any]) -> Line:
        return LineRow(*row).open(self._sealer)


def _place(row: CheckpointRow | WritesRow) -> int:
    return row.seq


def marks(values: Collection[object]) -> str:
    """As many question marks as there are values, for a statement."""
    return ", ".join("?" * len(values))
