"""Projection: the checkpoints as plain tables, for questions in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...contracts import DatabaseError, missing_extra
from ..address import Address
from ..log.line import Line
from ..log.refusals import Refusals
from .cell import name_of
from .path import PathReader
from .tables import THREADS
from .target import KnownTurn, Mark, ProjectionTarget, ThreadChange
from .thread import mark_of, project_thread

if TYPE_CHECKING:
    from langgraph.checkpoint.serde.base import SerializerProtocol

    from ..database import Database
    from ..log.store import Store
    from ..sealing.seal import Sealer

__all__ = ["Projected", "Projection", "project"]

_THREADS = 64
"""How many threads one moment of reading, and one transaction of writing, has at most."""
_ROWS = 5000
"""How many rows one transaction brings, or a few more."""

Report = Callable[[int, int], None]
"""Is told how many threads are done, of how many."""


@dataclass(frozen=True, slots=True)
class Projected:
    """What a projection has done."""

    threads: int
    """How many threads the database holds."""
    changed: int
    """How many of them were new, or had gone on."""
    unreadable: int
    """How many of those cannot be read."""
    removed: int
    """How many threads had been deleted."""


def project(
    database: Database,
    *,
    to: str | None = None,
    rebuild: bool = False,
    plaintext: bool = False,
    report: Report | None = None,
) -> Projected:
    """Bring the projected tables up to date with the checkpoints: only what is new is read.

    Interrupted, the next call goes on. The tables may be dropped at any time: the next call makes them anew.

    Args:
        database: The checkpoints.
        to: The URL of the database to write the tables to; by default the same.
        rebuild: Whether to make all rows anew.
        plaintext: Whether the tables of an encrypted database, which are in plaintext, are wanted.
        report: Is told how far it is.

    Raises:
        DatabaseError: A table of the same name is there that is no projection; the database is encrypted and
            `plaintext` is not given; or a database cannot be read or written.
    """
    from ..saver.serializer import DataSerializer

    log = database.log
    source = Address.parse(database.url)
    if log.sealer.encrypts and not plaintext:
        raise DatabaseError(
            source.shown,
            got="an encrypted database, whose tables would hold requests, claims and decisions in plaintext",
            expected="that this is wanted",
            fix="add --plaintext (plaintext=True), and --to with a database that only those may read who should",
        )
    target = _open(source if to is None else Address.parse(to))
    try:
        target.prepare("" if to is None or _same(source, Address.parse(to)) else _named(source), rebuild=rebuild)
        return Projection(log.store, log.sealer, DataSerializer(), target)(report)
    finally:
        target.close()


class Projection:
    """Brings a target up to date with a store.

    Args:
        store: The checkpoints.
        sealer: Opens their rows.
        serde: Reads their values.
        target: Where the rows go; prepared.
    """

    def __init__(self, store: Store, sealer: Sealer, serde: SerializerProtocol, target: ProjectionTarget) -> None:
        self._store = store
        self._sealer = sealer
        self._serde = serde
        self._target = target

    def __call__(self, report: Report | None = None) -> Projected:
        """Read what is new, and write it.

        Raises:
            DatabaseError: A database cannot be read or written; or, when all others are written, a thread whose row
                cannot be opened.
        """
        marks = self._target.marks()
        refused = Refusals()
        with self._store.reading() as reader:
            lines = [
                line for line in reader.lines(None, refused) if not line.key.namespace and line.head_id is not None
            ]
        wanted = [line for line in reversed(lines) if marks.get(name_of(line.key.thread)) != mark_of(line)]
        gone = sorted(marks.keys() - {name_of(line.key.thread) for line in lines})
        if refused.errors:
            gone = []  # whose rows these are nobody can tell
        done = unreadable = 0
        for batch in self._batches(wanted, marks):
            self._target.write(batch)
            done += len(batch)
            unreadable += sum(_is_unreadable(change) for change in batch)
            if report is not None:
                report(done, len(wanted))
        for start in range(0, len(gone), _THREADS):
            self._target.write([ThreadChange(name, marks[name]) for name in gone[start : start + _THREADS]])
        self._target.finish()
        refused.check()
        return Projected(len(lines), len(wanted), unreadable, len(gone))

    def _batches(self, lines: Sequence[Line], marks: dict[str, Mark]) -> Iterator[list[ThreadChange]]:
        for start in range(0, len(lines), _THREADS):
            batch: list[ThreadChange] = []
            for line in lines[start : start + _THREADS]:
                batch.append(self._change(line, marks.get(name_of(line.key.thread))))
                if sum(change.size for change in batch) >= _ROWS:
                    yield batch
                    batch = []
            if batch:
                yield batch

    def _change(self, line: Line, before: Mark | None) -> ThreadChange:
        name = name_of(line.key.thread)
        with self._store.reading() as reader:
            now = reader.line(line.key)
            if now is None or now.head_id is None:
                return ThreadChange(name, before)
            known: Mapping[str, KnownTurn] = {}
            if before is not None and before.generation == now.generation:
                known = self._target.turns(name)
            return project_thread(PathReader(now, reader, self._sealer, self._serde), before, known, self._store.shown)


def _is_unreadable(change: ThreadChange) -> bool:
    status = THREADS.names.index("status")
    return any(row[status] == "unreadable" for row in change.rows.get(THREADS.name, ()))


def _open(address: Address) -> ProjectionTarget:
    if address.scheme == "sqlite":
        from .sqlite import SqliteProjection

        return SqliteProjection(address)
    try:
        from .postgres import PostgresProjection
    except ModuleNotFoundError as error:
        raise missing_extra(error.name or "psycopg", "postgres", address.shown) from error
    return PostgresProjection(address)


def _same(one: Address, other: Address) -> bool:
    return one.scheme == other.scheme and _named(one) == _named(other)


def _named(address: Address) -> str:
    return str(address.path.resolve()) if address.scheme == "sqlite" else address.shown
