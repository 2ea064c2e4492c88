"""SqliteTransaction: reads and writes of the log in a SQLite file that become durable together."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from ..log.line import Line, LineKey
from ..log.store import CheckpointRow, RemovalRow, WritesRow
from ..sealing.seal import Sealer
from .reader import SqliteReader, marks

__all__ = ["Memory", "SqliteTransaction"]

_ROWS = 64
"""How many rows one statement inserts at most."""
_LINES = 4096
"""How many lines the writer remembers."""


@dataclass(slots=True)
class Memory:
    """What the writer knows of the file, as long as nobody else writes to it."""

    version: int = -1
    place: int = -1
    lines: dict[LineKey, Line] = field(default_factory=dict)


class SqliteTransaction(SqliteReader):
    """Reads and writes that become durable together: see `Transaction`."""

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer, memory: Memory | None = None) -> None:
        super().__init__(connection, sealer)
        self._memory = memory or Memory()

    def open_lines(self, keys: Collection[LineKey]) -> dict[LineKey, Line]:
        """The lines of these keys, made where they are not there."""
        known = self._memory.lines
        if len(known) > _LINES:
            known.clear()
        for key in keys:
            if key not in known:
                known[key] = self.line(key) or self._make(key)
        return known

    def places(self, count: int) -> range:
        """So many new places, which follow one another."""
        if self._memory.place < 0:
            self._memory.place = self._first_place()
        first = self._memory.place
        self._memory.place += count
        return range(first, self._memory.place)

    def _first_place(self) -> int:
        row = self._connection.execute(
            "SELECT max(coalesce((SELECT max(seq) FROM quorate_checkpoints), 0),"
            " coalesce((SELECT max(seq) FROM quorate_writes), 0),"
            " coalesce((SELECT max(line) FROM quorate_threads), 0),"
            " coalesce((SELECT CAST(value AS INTEGER) FROM quorate_meta WHERE key = 'place'), 0))"
        ).fetchone()
        return int(row[0]) + 1

    def add(self, checkpoints: Sequence[CheckpointRow], writes: Sequence[WritesRow]) -> None:
        """Add rows."""
        self._insert("INSERT INTO quorate_checkpoints VALUES ", checkpoints)
        self._insert("INSERT INTO quorate_writes VALUES ", writes)

    def adopt(self, line: int, checkpoint: str, place: int) -> int:
        """Give the writes that came before a checkpoint its place; how many rows they were."""
        cursor = self._connection.execute(
            "UPDATE quorate_writes SET checkpoint = ?, early = NULL"
            " WHERE line = ? AND checkpoint IS NULL AND early = ?",
            (place, line, checkpoint),
        )
        return cursor.rowcount

    def save(self, lines: Iterable[Line]) -> None:
        """Store where lines stand."""
        self._insert(
            "UPDATE quorate_threads SET head = v.column2, owner = v.column3, tip = v.column4, events = v.column5,"
            " early = v.column6, generation = v.column7 FROM (VALUES ",
            [(line.id, line.head, line.owner, line.tip, line.events, line.early, line.generation) for line in lines],
            ") AS v WHERE line = v.column1",
        )

    def replace(self, checkpoints: Sequence[CheckpointRow], writes: Sequence[WritesRow]) -> None:
        """Put rows in the place of those of the same places."""
        self._remove([*(row.seq for row in checkpoints), *(row.seq for row in writes)])
        self.add(checkpoints, writes)

    def remove(self, line: int, places: Collection[int]) -> None:
        """Take rows out of a line."""
        self._remove(places)

    def _remove(self, places: Collection[int]) -> None:
        self._keep_place()
        for table in ("quorate_checkpoints", "quorate_writes"):
            self._connection.executemany(f"DELETE FROM {table} WHERE seq = ?", [(place,) for place in places])

    def remove_lines(self, lines: Collection[int]) -> None:
        """Take lines out with all that they have."""
        self._keep_place()
        self._memory.lines.clear()
        for table in ("quorate_writes", "quorate_checkpoints", "quorate_threads"):
            self._connection.executemany(f"DELETE FROM {table} WHERE line = ?", [(line,) for line in lines])

    def forget(self, threads: Collection[str], before: str | None) -> None:
        """Remove entries of the journal."""
        sql = "DELETE FROM quorate_journal WHERE thread = ? AND (? IS NULL OR at < ?)"
        self._connection.executemany(sql, [(name, before, before) for name in threads])

    def rename(self, line: int, name: str, sealed: bytes | None) -> None:
        """Store a line under another name of its thread."""
        self._connection.execute(
            "UPDATE quorate_threads SET thread = ?, sealed = ? WHERE line = ?", (name, sealed, line)
        )

    def record(self, removals: Sequence[RemovalRow]) -> None:
        """Store what was removed."""
        self._connection.executemany("INSERT OR REPLACE INTO quorate_removed VALUES (?, ?, ?, ?, ?)", removals)

    def set(self, name: str, value: str | None) -> None:
        """Let the file remember something under a name."""
        self._connection.execute("DELETE FROM quorate_meta WHERE key = ?", (name,))
        if value is not None:
            self._connection.execute("INSERT INTO quorate_meta VALUES (?, ?)", (name, value))

    def _insert(self, head: str, rows: Sequence[Sequence[object]], tail: str = "") -> None:
        # One statement for many rows: each statement is a turn in which another thread may keep Python busy.
        for start in range(0, len(rows), _ROWS):
            some = rows[start : start + _ROWS]
            values = ", ".join([f"({marks(some[0])})"] * len(some))
            self._connection.execute(f"{head}{values}{tail}", [value for row in some for value in row])

    def _keep_place(self) -> None:
        # What comes later gets a higher place, even where the last rows are gone.
        self._connection.execute(
            "INSERT OR REPLACE INTO quorate_meta VALUES ('place', ?)", (str(self._first_place() - 1),)
        )

    def _make(self, key: LineKey) -> Line:
        name = self._sealer.names_of(key.thread)[0]
        sealed = None
        if name != key.thread:
            sealed = self._sealer.seal(key.thread.encode("utf-8", "surrogatepass"), name.encode())
        # A place, so that no line ever gets the number of one that was removed: what is remembered goes by the number.
        (number,) = self.places(1)
        self._connection.execute(
            "INSERT INTO quorate_threads (line, thread, sealed, namespace, owner, events, early, generation)"
            " VALUES (?, ?, ?, ?, 0, 0, 0, 0)",
            (number, name, sealed, key.namespace),
        )
        return Line(number, key)
