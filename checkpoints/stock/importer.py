"""StockImport: the taking over of stock savers' threads into the log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Literal

from ...contracts import DatabaseError, QuorateError
from ..log.codec import header_of
from ..log.commit import Commit
from ..log.content import content_of, read_snapshot
from ..log.line import Line, LineKey
from ..log.request import PutCheckpoint, PutWrites, Request
from ..log.store import Reader, Transaction
from ..saver.log import Log
from ..sealing.seal import Sealer
from .tables import StockTables
from .thread import requests_of
from .value import RefusedRow

__all__ = ["ImportedThread", "check_threads", "import_all", "import_threads", "try_threads"]

_BATCH = 256
"""How many requests are handed on at a time."""


@dataclass(frozen=True, slots=True)
class ImportedThread:
    """What came of a thread of a stock saver."""

    id: str
    """The thread's id."""
    status: Literal["imported", "new", "present", "different", "refused"]
    """`imported`: it is taken over. `new`: it would be. `present`: it is there, with the same checkpoints. `different`:
    a thread of that id is there, without all of its checkpoints; it stays as it is. `refused`: a row is not data."""
    checkpoints: int = 0
    """How many checkpoints it has."""
    writes: int = 0
    """How many tasks' writes it has."""
    error: QuorateError | None = None
    """Why it is different or refused."""


def import_threads(tables: StockTables, log: Log, threads: Collection[str]) -> Iterator[ImportedThread]:
    """Take threads over, each in a transaction of its own; the tables stay as they are.

    Raises:
        DatabaseError: One of the databases cannot be read or written.
    """
    for thread in threads:
        work = partial(_import, tables, log.sealer, thread)
        yield _settled(thread, partial(log.writer.do, work))


def try_threads(tables: StockTables, log: Log | None, threads: Collection[str]) -> Iterator[ImportedThread]:
    """What `import_threads` would give, without writing anything.

    Args:
        tables: The tables of the stock savers.
        log: Where they would be taken over to; None where there is nothing yet.
        threads: The threads.
    """
    for thread in threads:
        yield _settled(thread, partial(_try, tables, log, thread))


def import_all(tables: StockTables, transaction: Transaction, sealer: Sealer) -> None:
    """Take all threads of an earlier quorate over, in one transaction.

    Raises:
        DatabaseError: A row is not data, a thread is there already, or the database cannot be read or written.
    """
    for thread in tables.threads():
        found = _settled(thread, partial(_import, tables, sealer, thread, transaction))
        if found.error is not None:
            raise DatabaseError(
                found.error.where,
                got=found.error.got,
                expected=found.error.expected,
                fix="it stays as it was; to go on without this thread, and without the effects that are recorded, take "
                f"the others over into a new database: quorate import-checkpoints {tables.shown} --db sqlite:///new.db",
            )


def check_threads(tables: StockTables, wanted: Sequence[str]) -> list[str]:
    """The threads that are wanted, in the order of the tables; all of them where none is named.

    Raises:
        DatabaseError: One of them is not there.
    """
    found = tables.threads()
    missing = [thread for thread in wanted if thread not in found]
    if missing:
        raise DatabaseError(
            tables.shown,
            got=f"no thread {missing[0]!r}",
            expected=f"one of its {len(found)} threads",
            fix="correct the id: the whole id is needed",
        )
    return [thread for thread in found if not wanted or thread in set(wanted)]


def _settled(thread: str, work: Callable[[], ImportedThread]) -> ImportedThread:
    try:
        return work()
    except RefusedRow as error:
        return ImportedThread(thread, "refused", error=error)


def _import(tables: StockTables, sealer: Sealer, name: str, transaction: Transaction) -> ImportedThread:
    lines = _lines(transaction, name)
    with tables.reading(name) as thread:
        requests = requests_of(thread, name)
        if lines:
            return _compared(requests, transaction, sealer, lines, name)
        # What it remembers of the newest checkpoints is this transaction's: it may be undone.
        commit = Commit(sealer)
        checkpoints = writes = 0
        while batch := list(islice(requests, _BATCH)):
            for problem in commit(transaction, batch):
                if problem is not None:
                    raise problem
            more = sum(isinstance(request, PutCheckpoint) for request in batch)
            checkpoints, writes = checkpoints + more, writes + len(batch) - more
    return ImportedThread(name, "imported", checkpoints, writes)


def _try(tables: StockTables, log: Log | None, name: str) -> ImportedThread:
    with tables.reading(name) as thread:
        requests = requests_of(thread, name)
        if log is not None:
            with log.store.reading() as reader:
                lines = _lines(reader, name)
                if lines:
                    return _compared(requests, reader, log.sealer, lines, name)
        found = [isinstance(request, PutCheckpoint) for request in requests]
    return ImportedThread(name, "new", sum(found), len(found) - sum(found))


def _lines(reader: Reader, thread: str) -> dict[LineKey, Line]:
    return {line.key: line for line in reader.lines(thread) if line.events}


def _compared(
    requests: Iterator[Request], reader: Reader, sealer: Sealer, lines: dict[LineKey, Line], name: str
) -> ImportedThread:
    comparison = _Comparison(reader, sealer, lines)
    checkpoints = writes = 0
    for request in requests:
        if not comparison.has(request):
            what = "checkpoint" if isinstance(request, PutCheckpoint) else "writes on checkpoint"
            which = request.id if isinstance(request, PutCheckpoint) else request.checkpoint
            error = DatabaseError(
                str(request.key),
                got=f"a thread of this id that is there already, without the {what} {which}",
                expected="no thread of this id, or one with the same checkpoints",
                fix="keep the one that is there, or delete it and import again",
            )
            return ImportedThread(name, "different", error=error)
        checkpoints += isinstance(request, PutCheckpoint)
        writes += isinstance(request, PutWrites)
    return ImportedThread(name, "present", checkpoints, writes)


class _Comparison:
    """What a thread that is there already has."""

    def __init__(self, reader: Reader, sealer: Sealer, lines: dict[LineKey, Line]) -> None:
        self._reader = reader
        self._sealer = sealer
        self._lines = lines
        self._writes: tuple[LineKey, str, set[bytes]] | None = None

    def has(self, request: Request) -> bool:
        """Whether it has what the request would add."""
        line = self._lines.get(request.key)
        if line is None:
            return False
        if isinstance(request, PutCheckpoint):
            found = read_snapshot(self._sealer, self._reader, line, request.id)
            return found is not None and header_of(found.sections, found.parent) == request.header
        if self._writes is None or self._writes[:2] != (request.key, request.checkpoint):
            self._writes = request.key, request.checkpoint, self._contents(line, request.checkpoint)
        return request.written.content in self._writes[2]

    def _contents(self, line: Line, checkpoint: str) -> set[bytes]:
        """What tasks wrote on a checkpoint, or before it where it is not there."""
        place = self._reader.place_of(line.id, checkpoint)
        if place is None:
            rows = [row for row in self._reader.events(line.id) if getattr(row, "early", None) == checkpoint]
        else:
            rows = list(self._reader.writes(line.id, [place]))
        where = f"{line.key}, writes on checkpoint {checkpoint}"
        return {content_of(self._sealer, line, row, where) for row in rows if row.payload}
