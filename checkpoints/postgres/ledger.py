"""PostgresLedger: the effect ledger in a Postgres database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import psycopg

from ...contracts import Entry
from ..effects.ledger_row import LedgerRow
from ..effects.stored_ledger import StoredLedger
from ..log.hold import Holds
from ..sealing.seal import Sealer
from .text import stored, unstored

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

    from .server import PostgresServer

__all__ = ["PostgresLedger", "place_of"]

_CREATE = """
CREATE TABLE IF NOT EXISTS effects_ledger (
    key text PRIMARY KEY,
    name text NOT NULL,
    thread text NOT NULL,
    digest text NOT NULL,
    args json NOT NULL,
    status text NOT NULL CHECK (status IN ('executing', 'done')),
    result json,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at timestamptz,
    sealed bytea,
    owner text NOT NULL DEFAULT ''
)
"""
_TRIES = 5
"""How often a transaction is tried that others were in the way of."""


def place_of(server: PostgresServer) -> str:
    """What tells a database from others, for receivers that join its transactions."""
    return server.address.url


class PostgresLedger(StoredLedger["Connection[DictRow]"]):
    """The effect ledger in a Postgres database, table `effects_ledger`; see `StoredLedger`."""

    def __init__(
        self, server: PostgresServer, sealer: Sealer | None = None, holds: Callable[[], Holds | None] = lambda: None
    ) -> None:
        super().__init__(place_of(server), sealer, holds)
        self._server = server

    @staticmethod
    def create(connection: Connection[DictRow]) -> None:
        """Make the table, or the columns that an older one lacks."""
        connection.execute(_CREATE)
        connection.execute("ALTER TABLE effects_ledger ADD COLUMN IF NOT EXISTS sealed bytea")
        connection.execute("ALTER TABLE effects_ledger ADD COLUMN IF NOT EXISTS owner text NOT NULL DEFAULT ''")

    @staticmethod
    def is_current(connection: Connection[DictRow]) -> bool:
        """Whether the table is there with all columns."""
        return (
            connection.execute(
                "SELECT 1 AS one FROM pg_attribute WHERE attrelid = to_regclass('effects_ledger') AND attname = 'owner'"
            ).fetchone()
            is not None
        )

    def transact(
        self,
        key: str,
        *,
        name: str,
        thread: str,
        digest: str,
        args: Mapping[str, Any],
        work: Callable[[Any], Any],
    ) -> Entry:
        """Do the work and record it as done, in one transaction; once more where another one was in its way."""
        for attempt in range(1, _TRIES + 1):
            try:
                return super().transact(key, name=name, thread=thread, digest=digest, args=args, work=work)
            except Exception as error:
                if attempt == _TRIES or not _was_in_the_way(error):
                    raise
        raise AssertionError

    def _writing(self) -> AbstractContextManager[Connection[DictRow]]:
        return self._server.transaction()

    def _reading(self) -> AbstractContextManager[Connection[DictRow]]:
        return self._server.transaction()

    def _connection(self, transaction: Connection[DictRow]) -> Connection[DictRow]:
        return transaction

    def _find(self, transaction: Connection[DictRow], names: tuple[str, ...], *, lock: bool) -> LedgerRow | None:
        where = "key = ANY(%s)" + (" FOR UPDATE" if lock else "")
        rows = _rows(transaction, where, ([stored(name) for name in names],))
        return rows[0] if rows else None

    def _claim(
        self, transaction: Connection[DictRow], names: tuple[str, ...], name: str, row: LedgerRow
    ) -> LedgerRow | None:
        while True:
            known = self._known(transaction, names)
            if known is not None:
                return known
            cursor = transaction.execute(
                "INSERT INTO effects_ledger (key, name, status, thread, digest, args, sealed, owner)"
                " VALUES (%s, %s, %s, %s, %s, %s::json, %s, %s) ON CONFLICT (key) DO NOTHING",
                (stored(row.key), stored(name), row.status, stored(row.thread), *row[3:5], row.sealed, row.owner),
            )
            if cursor.rowcount == 1:
                return None
            known = self._find(transaction, names, lock=True)
            if known is not None:  # else it was abandoned between the two statements
                return known

    @staticmethod
    def _some(transaction: Connection[DictRow], after: str, limit: int) -> list[LedgerRow]:
        where = 'key COLLATE "C" > %s ORDER BY key COLLATE "C" LIMIT %s FOR UPDATE'
        return _rows(transaction, where, (stored(after), limit))

    @staticmethod
    def _put(transaction: Connection[DictRow], name: str, row: LedgerRow) -> None:
        transaction.execute(
            "UPDATE effects_ledger SET key = %s, status = %s, thread = %s, digest = %s, args = %s::json,"
            " result = %s::json, sealed = %s, owner = %s,"
            " done_at = CASE %s WHEN 'done' THEN coalesce(done_at, clock_timestamp()) END WHERE key = %s",
            (stored(row.key), row.status, stored(row.thread), *row[3:], row.status, stored(name)),
        )

    def _own(self, transaction: Connection[DictRow], name: str, owner: str) -> None:
        transaction.execute("UPDATE effects_ledger SET owner = %s WHERE key = %s", (owner, stored(name)))

    def _drop(self, transaction: Connection[DictRow], name: str) -> None:
        transaction.execute("DELETE FROM effects_ledger WHERE key = %s", (stored(name),))

    def _known(self, transaction: Connection[DictRow], names: tuple[str, ...]) -> LedgerRow | None:
        """The row under another name than a new one would get, which no conflict would tell of."""
        if len(names) == 1:
            return None
        # Whoever has the same keys, in whatever order, waits here.
        transaction.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (stored(min(names)),))
        return self._find(transaction, names, lock=True)


def _rows(connection: Connection[DictRow], where: str, values: Sequence[Any]) -> list[LedgerRow]:
    columns = "key, status, thread, digest, args::text AS args, result::text AS result, sealed, owner"
    rows = connection.execute(f"SELECT {columns} FROM effects_ledger WHERE {where}".encode(), values)
    made = [LedgerRow(**row) for row in rows]
    return [row._replace(key=unstored(row.key), thread=unstored(row.thread)) for row in made]


def _was_in_the_way(error: BaseException) -> bool:
    """Whether another transaction was in the way of this one, which was undone."""
    kinds = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
    return isinstance(error, kinds) or isinstance(error.__cause__, kinds) or isinstance(error.__context__, kinds)
