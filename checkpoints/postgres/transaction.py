"""PostgresTransaction: reads and writes of the log in Postgres that become durable together, under locks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from psycopg.types.numeric import Int8

from ..log.known_lines import KnownLine, KnownLines
from ..log.line import Line, LineKey
from ..log.refusals import Refused
from ..log.store import CheckpointRow, RemovalRow, WritesRow
from ..sealing.seal import Sealer
from .array import Binaries, Numbers, Texts
from .places import BLOCK
from .reader import LINE, PostgresReader, line_row
from .rows import ADD_CHECKPOINTS, ADD_WRITES, checkpoint_columns, sealed_name, writes_columns
from .text import stored

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

__all__ = ["PostgresTransaction"]

_MAKE = (
    "INSERT INTO quorate_threads (line, thread, namespace, sealed, owner, events, early, generation)"
    " SELECT nextval('quorate_places'), v.thread, v.namespace, v.sealed, 0, 0, 0, 0"
    " FROM unnest(%b, %b, %b) AS v (thread, namespace, sealed) ON CONFLICT DO NOTHING"
)
_NAMED = " JOIN unnest(%b, %b) AS v (thread, namespace) ON t.thread = v.thread AND t.namespace = v.namespace"
_LOCK = "SELECT t.line FROM quorate_threads t{which} ORDER BY t.line FOR UPDATE OF t"
_OF_THREAD = " WHERE t.thread = ANY(%b)"
_ADOPT = (
    "UPDATE quorate_writes SET checkpoint = %b, early = NULL"
    " WHERE line = %b AND checkpoint IS NULL AND early = %b RETURNING seq"
)
_SAVE = (
    "UPDATE quorate_threads t SET head = v.head, owner = v.owner, tip = v.tip, events = v.events, early = v.early,"
    " generation = v.generation FROM unnest(%b, %b, %b, %b, %b, %b, %b)"
    " AS v (line, head, owner, tip, events, early, generation) WHERE t.line = v.line"
)
_RECORD = (
    "INSERT INTO quorate_removed (name, salt, tip, events, removed_at) VALUES (%b, %b, %b, %b, %b)"
    " ON CONFLICT (name) DO UPDATE SET salt = excluded.salt, tip = excluded.tip, events = excluded.events,"
    " removed_at = excluded.removed_at"
)


class PostgresTransaction(PostgresReader):
    """Reads and writes that become durable together: see `Transaction`. Lines are locked before they are read.

    Args:
        connection: The database, within a transaction of the caller whose level is READ COMMITTED.
        sealer: What names and seals threads.
    """

    def __init__(self, connection: Connection[DictRow], sealer: Sealer) -> None:
        super().__init__(connection, sealer, begun=True)
        self._last = 0
        self._saved: dict[LineKey, Line] = {}
        self._rewritten = False

    def note(self, known: KnownLines) -> None:
        """Remember where lines stand, now that it is durable."""
        if self._rewritten:
            known.clear()
        known.forget(self._saved)
        if self._last:
            for key, line in self._saved.items():
                known.keep(key, KnownLine(line, self._last, None if line.early else {}))

    def line(self, key: LineKey) -> Line | None:
        """Where a line stands; nobody else can go on with it."""
        names = self._sealer.names_of(key.thread)
        self._lock(_NAMED, *_named((name, key) for name in names))
        return super().line(key)

    def lines(self, thread: str | None = None, refused: Refused | None = None) -> list[Line]:
        """The lines of one thread, or all; nobody else can go on with them."""
        if thread is None:
            self._lock("")
        else:
            self._lock(_OF_THREAD, Texts(map(stored, self._sealer.names_of(thread))))
        return super().lines(thread, refused)

    def open_lines(self, keys: Collection[LineKey]) -> dict[LineKey, Line]:
        """The lines of these keys, made where they are not there."""
        opened = self._open(keys)
        missing = sorted(key for key in keys if key not in opened)
        if missing:
            names = [sealed_name(self._sealer, key.thread) for key in missing]
            sealed = Binaries(content for _, content in names)
            self._do(_MAKE, *_named((name, key) for (name, _), key in zip(names, missing, strict=True)), sealed)
            opened |= self._open(missing)
        return opened

    def places(self, count: int) -> Sequence[int]:
        """So many new places; those that a block of the sequence has too many are left out."""
        blocks = self.ask("SELECT nextval('quorate_places') FROM generate_series(1, %b)", (Int8(-(-count // BLOCK)),))
        found = [place for (first,) in blocks for place in range(first, first + BLOCK)][:count]
        self._last = found[-1] if found else 0
        return found

    def add(self, checkpoints: Sequence[CheckpointRow], writes: Sequence[WritesRow]) -> None:
        """Add rows."""
        if checkpoints:
            self._do(ADD_CHECKPOINTS, *checkpoint_columns(checkpoints))
        if writes:
            self._do(ADD_WRITES, *writes_columns(writes))

    def adopt(self, line: int, checkpoint: str, place: int) -> int:
        """Give the writes that came before a checkpoint its place; how many rows they were."""
        return len(self.ask(_ADOPT, (Int8(place), Int8(line), stored(checkpoint))))

    def save(self, lines: Iterable[Line]) -> None:
        """Store where lines stand."""
        saved = sorted(lines, key=lambda line: line.id)
        self._do(
            _SAVE,
            Numbers(line.id for line in saved),
            Numbers(line.head for line in saved),
            Numbers(line.owner for line in saved),
            Binaries(line.tip for line in saved),
            Numbers(line.events for line in saved),
            Numbers(line.early for line in saved),
            Numbers(line.generation for line in saved),
        )
        self._saved |= {line.key: line for line in saved}

    def replace(self, checkpoints: Sequence[CheckpointRow], writes: Sequence[WritesRow]) -> None:
        """Put rows in the place of those of the same places."""
        rows: list[CheckpointRow | WritesRow] = [*checkpoints, *writes]
        for line in {row.line for row in rows}:
            self.remove(line, [row.seq for row in rows if row.line == line])
        self.add(checkpoints, writes)

    def remove(self, line: int, places: Collection[int]) -> None:
        """Take rows out of a line."""
        self._rewritten = True
        for table in ("quorate_checkpoints", "quorate_writes"):
            self._do(f"DELETE FROM {table} WHERE line = %b AND seq = ANY(%b)", Int8(line), Numbers(places))

    def remove_lines(self, lines: Collection[int]) -> None:
        """Take lines out with all that they have."""
        self._rewritten = True
        for table in ("quorate_writes", "quorate_checkpoints", "quorate_threads"):
            self._do(f"DELETE FROM {table} WHERE line = ANY(%b)", Numbers(lines))

    def forget(self, threads: Collection[str], before: str | None) -> None:
        """Remove entries of the journal."""
        for name in threads:
            if before is None:
                self._do("DELETE FROM quorate_journal WHERE thread = %b", stored(name))
            else:
                self._do("DELETE FROM quorate_journal WHERE thread = %b AND at < %b", stored(name), before)

    def rename(self, line: int, name: str, sealed: bytes | None) -> None:
        """Store a line under another name of its thread."""
        self._rewritten = True
        sql = "UPDATE quorate_threads SET thread = %b, sealed = %b WHERE line = %b"
        self._do(sql, stored(name), sealed, Int8(line))

    def record(self, removals: Sequence[RemovalRow]) -> None:
        """Store what was removed."""
        for row in removals:
            self._do(_RECORD, row.name, row.salt, row.tip, Int8(row.events), row.removed_at)

    def set(self, name: str, value: str | None) -> None:
        """Let the database remember something under a name."""
        self._do("DELETE FROM quorate_meta WHERE key = %b", name)
        if value is not None:
            self._do("INSERT INTO quorate_meta VALUES (%b, %b)", name, value)

    def _open(self, keys: Collection[LineKey]) -> dict[LineKey, Line]:
        named = _named((name, key) for key in keys for name in self._sealer.names_of(key.thread))
        self._lock(_NAMED, *named)
        rows = self.ask(f"{LINE}{_NAMED}", named)
        return {line.key: line for line in (line_row(row).open(self._sealer) for row in rows)}

    def _lock(self, which: str, *values: object) -> None:
        # A statement of its own: what had to wait for a lock goes on with what it saw before, but for the locked row.
        self._do(_LOCK.format(which=which), *values)
        self._last = 0  # places that were taken before may be below those of these lines

    def _do(self, sql: str, *values: object) -> None:
        # With a cursor of its own: in a pipeline it is done, and may fail, when something is asked for, or at the end.
        self._connection.cursor().execute(sql.encode(), values)


def _named(names: Iterable[tuple[str, LineKey]]) -> tuple[Texts, Texts]:
    found = [(stored(name), stored(key.namespace)) for name, key in names]
    return Texts(name for name, _ in found), Texts(namespace for _, namespace in found)
