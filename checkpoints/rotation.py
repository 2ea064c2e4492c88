"""Rotation: every row of a database, sealed with the newest key."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from ..contracts import DatabaseError
from .log.content import context_of
from .log.line import Line
from .log.line_row import LineRow
from .log.store import CheckpointRow, RemovalRow, Transaction, WritesRow
from .sealing.encryption import ENCRYPTION, Encryption, Transition
from .sealing.seal import Keyring, Sealer

if TYPE_CHECKING:
    from .database import Database

__all__ = ["Rotation", "Sealed"]

_PASSES = 5
"""How often all is looked through for rows that another process has stored meanwhile."""

T = TypeVar("T")


@runtime_checkable
class Sealed(Protocol):
    """What has sealed rows besides the log: the ledger, the blobs."""

    def seal_anew(self, after: str, limit: int) -> str | None:
        """Store rows anew that are not as they would be stored today; the last name that was looked at."""
        ...


class Rotation:
    """Seals every row with the newest key, under the name that this makes; what the rows say stays as it is.

    It goes on where it was stopped: a row that is sealed so already is left alone. Others may use the database at the
    same time, if they have the same keys.

    Args:
        database: The database.
        progress: Called with the number of rows that were looked at.
        rows: How many rows are sealed in one transaction.
    """

    def __init__(self, database: Database, progress: Callable[[int], None] | None = None, *, rows: int = 256) -> None:
        self._log = database.log
        self._others = [
            part
            for part in (database.ledger, database.blobs, database.journal, database.accounts)
            if isinstance(part, Sealed)
        ]
        self._progress, self._rows = progress, rows
        self.seen = 0
        """How many rows were looked at."""
        self.sealed = 0
        """How many rows of the log were sealed anew."""

    def __call__(self) -> None:
        """Seal all, and let the database forget the older keys.

        Raises:
            DatabaseError: A row cannot be opened, or others go on to store rows under an older key.
        """
        for _ in range(_PASSES):
            before = self.sealed
            self._pass()
            if self.sealed == before:
                break
        else:
            raise DatabaseError(
                self._log.store.shown,
                got="rows that are stored with an older key while all are sealed with the newest",
                expected="the newest key first wherever the database is used",
                fix="give every process the same keys in the same order, and run this again",
            )
        for other in self._others:
            after: str | None = ""
            while after is not None:
                after = other.seal_anew(after, self._rows)
        new = _in_the_end(self._log.sealer)
        self._log.writer.do(lambda transaction: transaction.set(ENCRYPTION, new.text))

    def _pass(self) -> None:
        after = 0
        while rows := self._lines(after):
            for row in rows:
                self._seal_line(row)
            after = rows[-1].id
        self._do(self._seal_removals)

    def _lines(self, after: int) -> list[LineRow]:
        with self._log.store.reading() as reader:
            return reader.line_rows(None, after, self._rows)

    def _seal_line(self, row: LineRow) -> None:
        sealer = self._log.sealer
        line = row.open(sealer)
        if not sealer.is_current(_stored(row)):
            self._do(lambda transaction: self._rename(transaction, line))
        place = self._stale_from(line, 0)
        while place is not None:
            start = place
            place = self._do(lambda transaction, start=start: self._seal_events(transaction, line, start))  # type: ignore[misc]

    def _stale_from(self, line: Line, after: int) -> int | None:
        """The place before the first event after one that is to be sealed anew; None where there is none."""
        with self._log.store.reading() as reader:
            for row in reader.events(line.id, after):
                self._see()
                if not self._log.sealer.is_current(row.payload):
                    return row.seq - 1
        return None

    def _seal_events(self, transaction: Transaction, line: Line, after: int) -> int | None:
        """Seal some events anew; the place to go on after, None where there are no more."""
        sealer = self._log.sealer
        # From here to the end of the transaction nobody else changes the line's rows.
        now = transaction.line(line.key)
        if now is None or now.id != line.id:
            return None  # it was deleted
        rows = list(islice(transaction.events(line.id, after), self._rows))
        checkpoints: list[CheckpointRow] = []
        writes: list[WritesRow] = []
        for row in rows:
            self._see()
            if not sealer.is_current(row.payload):
                context = context_of(line, row.seq)
                payload = sealer.seal(sealer.open(row.payload, context), context)
                if isinstance(row, CheckpointRow):
                    checkpoints.append(row._replace(payload=payload))
                else:
                    writes.append(row._replace(payload=payload))
        transaction.replace(checkpoints, writes)
        self.sealed += len(checkpoints) + len(writes)
        return rows[-1].seq if len(rows) == self._rows else None

    def _rename(self, transaction: Transaction, line: Line) -> None:
        """Store a line under the name that its thread has today."""
        now = transaction.line(line.key)
        if now is None or now.id != line.id:
            return  # it was deleted, and its number may be another line's now
        sealer = self._log.sealer
        name = sealer.names_of(line.key.thread)[0]
        context = name.encode("utf-8", "surrogatepass")
        sealed = sealer.seal(line.key.thread.encode("utf-8", "surrogatepass"), context) if sealer.encrypts else None
        transaction.rename(line.id, name, sealed)
        self.sealed += 1

    def _seal_removals(self, transaction: Transaction) -> None:
        sealer = self._log.sealer
        stale = [row for row in transaction.removals() if not sealer.is_current(row.salt)]
        transaction.record([_sealed_anew(sealer, row) for row in stale])
        self.sealed += len(stale)

    def _see(self) -> None:
        self.seen += 1
        if self._progress is not None and self.seen % self._rows == 0:
            self._progress(self.seen)

    def _do(self, work: Callable[[Transaction], T]) -> T:
        result: T = self._log.writer.do(work)
        return result


def _stored(row: LineRow) -> bytes:
    """What of a line's row is sealed, or would be."""
    return row.name.encode("utf-8", "surrogatepass") if row.sealed is None else row.sealed


def _sealed_anew(sealer: Sealer, row: RemovalRow) -> RemovalRow:
    context = row.name.encode()
    return row._replace(salt=sealer.seal(sealer.open(row.salt, context), context))


def _in_the_end(sealer: Sealer) -> Encryption:
    """How a database is sealed when every row is sealed anew."""
    if isinstance(sealer, Keyring | Transition) and sealer.encrypts:
        return Encryption("sealed", sealer.ids[:1])
    return Encryption()
