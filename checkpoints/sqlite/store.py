"""SqliteStore: the log in a SQLite file."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..log.line import Line, LineKey
from ..log.store import CheckpointRow, Found, LineRow, RemovalRow, WritesRow
from ..sealing.seal import Sealer
from .file import SqliteFile

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["SqliteStore", "create_log"]

_TABLES = """
CREATE TABLE IF NOT EXISTS quorate_threads (
    line INTEGER PRIMARY KEY,
    thread TEXT NOT NULL,
    sealed BLOB,
    namespace TEXT NOT NULL,
    head INTEGER,
    owner INTEGER NOT NULL,
    tip BLOB,
    events INTEGER NOT NULL,
    early INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    UNIQUE (thread, namespace)
) STRICT;
CREATE TABLE IF NOT EXISTS quorate_checkpoints (
    seq INTEGER PRIMARY KEY,
    line INTEGER NOT NULL,
    id TEXT NOT NULL,
    parent INTEGER,
    depth INTEGER NOT NULL,
    digest BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS quorate_checkpoints_id ON quorate_checkpoints (line, id);
CREATE INDEX IF NOT EXISTS quorate_checkpoints_line ON quorate_checkpoints (line);
CREATE TABLE IF NOT EXISTS quorate_writes (
    seq INTEGER PRIMARY KEY,
    line INTEGER NOT NULL,
    checkpoint INTEGER,
    early TEXT,
    task TEXT NOT NULL,
    mask INTEGER NOT NULL,
    digest BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS quorate_writes_checkpoint ON quorate_writes (line, checkpoint);
CREATE TABLE IF NOT EXISTS quorate_removed (
    name TEXT PRIMARY KEY NOT NULL,
    salt BLOB NOT NULL,
    tip BLOB,
    events INTEGER NOT NULL,
    removed_at TEXT NOT NULL
) STRICT;
"""

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


def create_log(database: Database) -> None:
    """Make the tables."""
    for statement in _TABLES.split(";"):
        database.execute(statement)


_ROWS = 64
"""How many rows one statement inserts at most."""
_LINES = 4096
"""How many lines the writer remembers."""


class SqliteStore:
    """The log in a SQLite file: one connection writes, others read.

    Args:
        file: The file.
        sealer: What names and seals threads.
    """

    def __init__(self, file: SqliteFile, sealer: Sealer) -> None:
        self._file = file
        self._sealer = sealer
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._memory = _Memory()
        file.gate.before_fork(self.close)

    @property
    def shown(self) -> str:
        """How errors call the file."""
        return self._file.shown

    @contextmanager
    def reading(self) -> Iterator[SqliteReader]:
        """Reads of one moment; they do not wait for a writer."""
        with self._file.gate.use(), self._file.explained():
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
            try:
                connection.execute("BEGIN")
                yield SqliteReader(connection, self._sealer)
            finally:
                connection.rollback()
                self._idle.append(connection)

    def adding(self) -> AbstractContextManager[SqliteTransaction]:
        """A transaction: that lines are as they were known SQLite tells at its beginning."""
        return self.writing()

    @contextmanager
    def writing(self) -> Iterator[SqliteTransaction]:
        """A transaction, durable when the block ends, undone where it raises."""
        with self._file.gate.use(), self._file.turn, self._file.explained():
            if self._writer is None:
                self._writer = self._connect()
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            try:
                # Of what other connections commit, this number tells: until it changes, what is remembered holds.
                (version,) = connection.execute("PRAGMA data_version").fetchone()
                if version != self._memory.version:
                    self._memory = _Memory(version)
                yield SqliteTransaction(connection, self._sealer, self._memory)
                connection.execute("COMMIT")
            except BaseException:
                self._memory = _Memory()
                with suppress(sqlite3.Error):  # the first error is the one to tell
                    connection.rollback()
                raise

    def size(self) -> int:
        """Bytes of the file, with those that are still in its write-ahead log."""
        return self._file.size()

    def vacuum(self) -> None:
        """Write the file anew without its gaps."""
        self._file.vacuum()

    def close(self) -> None:
        """Close the connections; who goes on opens new ones."""
        while self._idle:
            self._idle.pop().close()
        if self._writer is not None:
            self._writer.close()
        self._writer, self._memory = None, _Memory()  # what is remembered holds for one connection

    def _connect(self) -> sqlite3.Connection:
        connection = self._file.connect()
        connection.isolation_level = None
        connection.text_factory = _text
        return connection


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

    def lines(self, thread: str | None = None) -> list[Line]:
        """The lines of one thread, or all; those written last come first."""
        names = [None] if thread is None else self._sealer.names_of(thread)
        where = "" if thread is None else " WHERE t.thread = ?"
        found = [
            self._line(row)
            for name in names
            for row in self._connection.execute(f"{_LINE}{where}", () if name is None else (name,))
        ]
        return sorted(found, key=lambda line: line.head or 0, reverse=True)

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
            conditions.append(f"line IN ({_marks(lines)})")
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
        return self._checkpoints(f"{_CHECKPOINT} WHERE seq IN ({_marks(places)})", tuple(places)) if places else []

    def writes(self, line: int, checkpoints: Collection[int]) -> list[WritesRow]:
        """What tasks wrote on these checkpoints, in the order of arrival."""
        sql = f"{_WRITES} WHERE line = ? AND checkpoint IN ({_marks(checkpoints)}) ORDER BY seq"
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
        chosen = "" if names is None else f" AND t.thread IN ({_marks(names)})"
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


@dataclass(slots=True)
class _Memory:
    """What the writer knows of the file, as long as nobody else writes to it."""

    version: int = -1
    place: int = -1
    lines: dict[LineKey, Line] = field(default_factory=dict)


class SqliteTransaction(SqliteReader):
    """Reads and writes that become durable together: see `Transaction`."""

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer, memory: _Memory | None = None) -> None:
        super().__init__(connection, sealer)
        self._memory = memory or _Memory()

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
            marks = ", ".join([f"({_marks(some[0])})"] * len(some))
            self._connection.execute(f"{head}{marks}{tail}", [value for row in some for value in row])

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


def _text(value: bytes) -> str:
    """A text, also where somebody has put one that is none: it is for its reader to refuse, not for the whole query."""
    return value.decode("utf-8", "surrogateescape")


def _place(row: CheckpointRow | WritesRow) -> int:
    return row.seq


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
