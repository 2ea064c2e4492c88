"""PostgresReader: reads of the log in Postgres, of one moment."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeVar

from psycopg import Connection
from psycopg.rows import DictRow, tuple_row
from psycopg.types.numeric import Int8

from ..log.known_lines import KnownLine, KnownLines
from ..log.line import Line, LineKey
from ..log.line_row import LineRow, lines_of
from ..log.refusals import Refused
from ..log.store import CheckpointRow, Found, RemovalRow, Superseded, WritesRow
from ..sealing.seal import Sealer
from .array import Numbers, Texts
from .text import stored, unstored

__all__ = ["LINE", "PostgresReader", "line_row"]

R = TypeVar("R", CheckpointRow, WritesRow)

LINE = (
    "SELECT t.line, t.thread, t.sealed, t.namespace, t.head, c.id, t.owner, t.tip, t.events, t.early, t.generation"
    " FROM quorate_threads t LEFT JOIN quorate_checkpoints c ON c.line = t.line AND c.seq = t.head"
)
_CHECKPOINT = "SELECT c.seq, c.line, c.id, c.parent, c.depth, c.digest, c.payload"
_CHECKPOINTS = f"{_CHECKPOINT} FROM quorate_checkpoints c"
_WRITE = "SELECT w.seq, w.line, w.checkpoint, w.early, w.task, w.mask, w.digest, w.payload"
_WRITES = f"{_WRITE} FROM quorate_writes w"
_PENDING = (
    "SELECT t.line FROM quorate_threads t WHERE t.namespace = '' AND EXISTS (SELECT 1 FROM quorate_writes w"
    " WHERE w.line = t.line AND w.checkpoint = t.head AND w.mask & %b <> 0)"
)
# A parent's place is lower: a row that somebody changed must not send a query round in a circle.
_PATH = (
    "WITH RECURSIVE path AS ("
    " SELECT line, seq, parent FROM quorate_checkpoints WHERE line = %b AND seq = %b"
    " UNION ALL SELECT c.line, c.seq, c.parent FROM path JOIN quorate_checkpoints c"
    " ON c.line = path.line AND c.seq = path.parent WHERE path.seq > %b AND c.seq < path.seq)"
    f" {_WRITE} FROM path JOIN quorate_writes w ON w.line = path.line AND w.checkpoint = path.seq"
    " WHERE w.mask & %b <> 0"
)
_CHAIN = (
    "WITH RECURSIVE chain AS ("
    " SELECT c.seq, c.line, c.id, c.parent, c.depth, c.digest, c.payload, c.depth AS missing"
    " FROM {top} AND c.depth >= 0"
    " UNION ALL SELECT c.seq, c.line, c.id, c.parent, c.depth, c.digest, c.payload, chain.missing - 1"
    " FROM chain JOIN quorate_checkpoints c ON c.line = chain.line AND c.seq = chain.parent"
    " WHERE chain.missing > 0 AND c.seq < chain.seq)"
)
_ONE_CHAIN = f"{_CHAIN} SELECT seq, line, id, parent, depth, digest, payload FROM chain"
_CHAIN_OF_HEAD = _ONE_CHAIN.format(
    top="quorate_threads t JOIN quorate_checkpoints c ON c.line = t.line AND c.seq = t.head WHERE t.line = %b"
)
_CHAIN_OF_ID = _ONE_CHAIN.format(top="quorate_checkpoints c WHERE c.line = %b AND c.id = %b")

# A line, its checkpoint's chain and writes in one statement, and so of one moment: the first number says what a row is.
_FIND = (
    _CHAIN.replace(
        "WITH RECURSIVE ",
        "WITH RECURSIVE found AS MATERIALIZED ("
        " SELECT * FROM quorate_threads WHERE thread = ANY(%b) AND namespace = %b"
        " ORDER BY array_position(%b, thread) LIMIT 1), ",
    )
    + " SELECT 0, line, thread, sealed, namespace, head,"
    " (SELECT id FROM quorate_checkpoints c WHERE c.line = found.line AND c.seq = found.head),"
    " owner, tip, events, early, generation,"
    " (SELECT max(seq) FROM quorate_writes w WHERE w.line = found.line) FROM found"
    " UNION ALL SELECT 1, line, id, digest, NULL, seq, NULL, parent, payload, depth, NULL, NULL, NULL FROM chain"
    " UNION ALL SELECT 2, w.line, w.task, w.digest, w.early, w.seq, NULL, w.checkpoint, w.payload, w.mask, NULL, NULL,"
    " NULL FROM chain JOIN quorate_writes w ON w.line = chain.line AND w.checkpoint = chain.seq"
    " WHERE chain.depth = chain.missing"
)
_OF_FOUND = "found JOIN quorate_checkpoints c ON c.line = found.line WHERE"
_FIND_HEAD = _FIND.format(top=f"{_OF_FOUND} c.seq = found.head")
_FIND_ID = _FIND.format(top=f"{_OF_FOUND} c.id = %b")
_STILL = "SELECT t.generation, q.* FROM quorate_threads t LEFT JOIN LATERAL ({}) AS q ON true WHERE t.line = %b"

_STRAYS = " UNION ".join(
    f"SELECT line FROM {table} e WHERE NOT EXISTS (SELECT 1 FROM quorate_threads t WHERE t.line = e.line)"
    for table in ("quorate_checkpoints", "quorate_writes")
)

_EVENTS = 256
"""How many events are read at a time."""


class PostgresReader:
    """Reads of one moment: see `Reader`.

    Args:
        connection: The database.
        sealer: What names and opens threads.
        known: Where to note what is found.
        begun: Whether it needs no transaction of its own.
    """

    def __init__(
        self,
        connection: Connection[DictRow],
        sealer: Sealer,
        known: KnownLines | None = None,
        *,
        begun: bool = False,
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor(binary=True, row_factory=tuple_row)
        self._sealer = sealer
        self._known = known
        self._moment = ExitStack()
        self._begun = begun
        self._found: Line | None = None

    def close(self) -> None:
        """End the transaction, if there is one."""
        self._moment.close()

    def find(self, key: LineKey, checkpoint: str | None, *, writes: bool = True) -> Found | None:
        """A line with one of its checkpoints: one statement, which needs no transaction."""
        names = Texts(map(stored, self._sealer.names_of(key.thread)))
        values: list[Any] = [names, stored(key.namespace), names]
        if checkpoint is not None:
            values.append(stored(checkpoint))
        rows = self._cursor.execute((_FIND_HEAD if checkpoint is None else _FIND_ID).encode(), values).fetchall()
        found = None if not rows else self._found_in(rows)
        self._found = None if found is None else found.line
        if self._known is not None:
            last = max((found.line.head or 0, rows[0][12] or 0)) if found is not None else 0
            # A copy: the writer goes on with what is known.
            self._known.learn(key, KnownLine(None if found is None else replace(found.line), last))
        return found

    def line(self, key: LineKey) -> Line | None:
        """Where a line stands."""
        names = [stored(name) for name in self._sealer.names_of(key.thread)]
        rows = self.ask(f"{LINE} WHERE t.thread = ANY(%b) AND t.namespace = %b", (Texts(names), stored(key.namespace)))
        rows.sort(key=lambda row: names.index(row[1]))
        return line_row(rows[0]).open(self._sealer) if rows else None

    def lines(self, thread: str | None = None, refused: Refused | None = None) -> list[Line]:
        """The lines of one thread, or all; those written last come first."""
        if thread is None:
            rows = self.ask(LINE)
        else:
            names = Texts(map(stored, self._sealer.names_of(thread)))
            rows = self.ask(f"{LINE} WHERE t.thread = ANY(%b)", (names,))
        return lines_of(map(line_row, rows), self._sealer, refused)

    def pending(self, mask: int) -> set[int]:
        """Numbers of the lines on whose newest checkpoint a task wrote what has a bit of `mask`."""
        return {line for (line,) in self.ask(_PENDING, (Int8(mask),))}

    def chain(self, line: int, checkpoint: str | None) -> list[CheckpointRow]:
        """A checkpoint and before it those that its header needs, oldest first."""
        if checkpoint is None:
            rows = self._of_line(_CHAIN_OF_HEAD, (Int8(line),))
        else:
            rows = self._of_line(_CHAIN_OF_ID, (Int8(line), stored(checkpoint)))
        return sorted(map(_checkpoint, rows), key=_place)

    def place_of(self, line: int, checkpoint: str) -> int | None:
        """The place of a checkpoint; None where it is not there."""
        sql = "SELECT seq FROM quorate_checkpoints WHERE line = %b AND id = %b AND depth >= 0"
        rows = self._of_line(sql, (Int8(line), stored(checkpoint)))
        return rows[0][0] if rows else None

    def page(
        self, lines: Collection[int] | None, *, before_id: str | None, before: int | None, limit: int
    ) -> list[CheckpointRow]:
        """Checkpoints, newest first."""
        conditions = ["c.depth >= 0"]
        values: list[object] = []
        if before_id is not None:
            conditions.append("c.id < %b")
            values.append(stored(before_id))
        if before is not None:
            conditions.append("c.seq < %b")
            values.append(Int8(before))
        where, order = " AND ".join(conditions), "ORDER BY c.seq DESC LIMIT %b"
        if lines is None:
            return self._checkpoints(f"{_CHECKPOINTS} WHERE {where} {order}", (*values, Int8(limit)))
        of_line = f"SELECT * FROM quorate_checkpoints c WHERE c.line = l.line AND {where} {order}"
        sql = f"{_CHECKPOINT} FROM unnest(%b) AS l (line) CROSS JOIN LATERAL ({of_line}) AS c {order}"
        return self._checkpoints(sql, (Numbers(lines), *values, Int8(limit), Int8(limit)))

    def rows(self, line: int, places: Collection[int]) -> list[CheckpointRow]:
        """The checkpoints at these places."""
        rows = self._of_line(f"{_CHECKPOINTS} WHERE c.line = %b AND c.seq = ANY(%b)", (Int8(line), Numbers(places)))
        return list(map(_checkpoint, rows))

    def writes(self, line: int, checkpoints: Collection[int]) -> list[WritesRow]:
        """What tasks wrote on these checkpoints, in the order of arrival."""
        sql = f"{_WRITES} WHERE w.line = %b AND w.checkpoint = ANY(%b)"
        return sorted(map(_writes, self._of_line(sql, (Int8(line), Numbers(checkpoints)))), key=_place)

    def path_writes(self, line: int, start: int, end: int, mask: int) -> list[WritesRow]:
        """What tasks wrote on the checkpoints from `start` back, over parents, to `end`."""
        values = [Int8(each) for each in (line, start, end, mask)]
        # A parent's place is always lower.
        return sorted(map(_writes, self._of_line(_PATH, values)), key=lambda row: (-(row.checkpoint or 0), row.seq))

    def events(self, line: int, after: int = 0) -> Iterator[CheckpointRow | WritesRow]:
        """Everything in a line's log after a place, in order, read some at a time."""
        rows: list[Iterator[CheckpointRow | WritesRow]] = [
            self._pages(_CHECKPOINTS, _checkpoint, line, after),
            self._pages(_WRITES, _writes, line, after),
        ]
        yield from heapq.merge(*rows, key=_place)

    def line_rows(self, names: Collection[str] | None, after: int, limit: int) -> list[LineRow]:
        """Lines as they are stored, by their numbers."""
        chosen = "" if names is None else " AND t.thread = ANY(%b)"
        values = [Int8(after), *([] if names is None else [Texts(map(stored, names))]), Int8(limit)]
        return [line_row(row) for row in self.ask(f"{LINE} WHERE t.line > %b{chosen} ORDER BY t.line LIMIT %b", values)]

    def strays(self) -> list[int]:
        """Numbers of lines that have events, but no row of their own."""
        return [line for (line,) in self.ask(_STRAYS)]

    def removals(self) -> Iterator[RemovalRow]:
        """What was removed."""
        sql = 'SELECT name, salt, tip, events, removed_at FROM quorate_removed ORDER BY name COLLATE "C"'
        return (RemovalRow(*row) for row in self.ask(sql))

    def setting(self, name: str) -> str | None:
        """What the database is to remember under a name."""
        rows = self.ask("SELECT value FROM quorate_meta WHERE key = %b", (name,))
        return rows[0][0] if rows else None

    def _pages(self, table: str, made: Callable[[Sequence[Any]], R], line: int, after: int) -> Iterator[R]:
        while True:
            rows = self.ask(
                f"{table} WHERE line = %b AND seq > %b ORDER BY seq LIMIT {_EVENTS}", (Int8(line), Int8(after))
            )
            yield from map(made, rows)
            if len(rows) < _EVENTS:
                return
            after = rows[-1][0]

    def ask(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement, all of one moment."""
        self._begin()
        return self._cursor.execute(sql.encode(), values).fetchall()

    def _of_line(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """The rows of a statement about one line; after `find` they are of its moment, though without a transaction."""
        if self._found is None or self._begun:
            return self.ask(sql, values)
        rows = self._cursor.execute(_STILL.format(sql).encode(), (*values, Int8(self._found.id))).fetchall()
        if not rows or rows[0][0] != self._found.generation:
            raise Superseded
        return [row[1:] for row in rows if row[1] is not None]

    def _begin(self) -> None:
        if not self._begun:
            self._moment.enter_context(self._connection.pipeline())  # so that BEGIN goes with the first statement
            self._moment.enter_context(self._connection.transaction())
            self._begun = True

    def _checkpoints(self, sql: str, values: Sequence[object]) -> list[CheckpointRow]:
        return [_checkpoint(row) for row in self.ask(sql, values)]

    def _found_in(self, rows: Sequence[Sequence[Any]]) -> Found:
        found = Found(line_row(rows[0][1:12]).open(self._sealer), [], [])
        for kind, line, name, digest, early, seq, _, place, payload, number, *_ in rows:
            if kind == 1:
                found.chain.append(_checkpoint((seq, line, name, place, number, digest, payload)))
            elif kind == 2:
                found.writes.append(_writes((seq, line, place, early, name, number, digest, payload)))
        found.chain.sort(key=_place)
        found.writes.sort(key=_place)
        return found


def line_row(row: Sequence[Any]) -> LineRow:
    """A row of `LINE`."""
    number, name, sealed, namespace, head, head_id, *rest = row
    return LineRow(number, unstored(name), sealed, unstored(namespace), head, head_id and unstored(head_id), *rest)


def _checkpoint(row: Sequence[Any]) -> CheckpointRow:
    return CheckpointRow(row[0], row[1], unstored(row[2]), *row[3:])


def _writes(row: Sequence[Any]) -> WritesRow:
    seq, line, checkpoint, early, task, mask, digest, payload = row
    return WritesRow(seq, line, checkpoint, early and unstored(early), unstored(task), mask, digest, payload)


def _place(row: CheckpointRow | WritesRow) -> int:
    return row.seq
