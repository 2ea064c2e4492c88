"""PostgresLedger: the effect ledger in a Postgres database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...contracts import Entry
from ..effects.ledger import as_json, check_abandon, must_finish
from ..effects.ledger_row import LedgerRow, LedgerRows
from ..sealing.seal import Plain, Sealer
from .text import stored, unstored

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

    from .server import PostgresServer

__all__ = ["PostgresLedger"]

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
    sealed bytea
)
"""


class PostgresLedger:
    """The effect ledger in a Postgres database, table `effects_ledger`.

    In an encrypted database the column `key` holds what the key makes of it, and the column `sealed` all that a user
    put in. Every method raises DatabaseError where the database cannot be read or written.

    Args:
        server: The database.
        sealer: What seals the entries; by default nothing.
    """

    def __init__(self, server: PostgresServer, sealer: Sealer | None = None) -> None:
        self._server = server
        self._rows = LedgerRows(sealer or Plain())

    @staticmethod
    def create(connection: Connection[DictRow]) -> None:
        """Make the table, or the columns that an older one lacks."""
        connection.execute(_CREATE)
        connection.execute("ALTER TABLE effects_ledger ADD COLUMN IF NOT EXISTS sealed bytea")

    def begin(self, key: str, *, name: str, thread: str, digest: str, args: Mapping[str, Any]) -> Entry | None:
        """Claim the key. None: it is ours now, execute. An entry: somebody was here before; do not execute.

        Raises:
            LedgerError: `args` is not plain JSON data.
        """
        text = as_json(key, f"arguments of {name!r}", dict(args))
        row = self._rows.begun(key, thread=thread, digest=digest, args=text)
        while True:
            with self._server.transaction() as connection:
                known = self._claimed(connection, key)
                if known is None:
                    cursor = connection.execute(
                        "INSERT INTO effects_ledger (key, name, status, thread, digest, args, sealed)"
                        " VALUES (%s, %s, %s, %s, %s, %s::json, %s) ON CONFLICT (key) DO NOTHING",
                        (stored(row.key), stored(name), row.status, stored(row.thread), *row[3:5], row.sealed),
                    )
                    if cursor.rowcount == 1:
                        return None
                    known = self._read(connection, key)
            if known is not None:  # else it was abandoned between the two statements
                return self._rows.entry(key, known)

    def finish(self, key: str, *, result: Any) -> None:
        """Record that the effect of a begun key was done, with the receiver's answer.

        Raises:
            LedgerError: The key was never begun, is done with another result, or `result` is not JSON data.
        """
        text = as_json(key, "result", result)
        with self._server.transaction() as connection:
            known = self._read(connection, key, lock=True)
            if must_finish(key, self._entry(key, known), text) and known is not None:
                row = self._rows.done(key, known, text)
                _replace(connection, known.key, row)
                connection.execute(
                    "UPDATE effects_ledger SET done_at = clock_timestamp() WHERE key = %s", (stored(row.key),)
                )

    def abandon(self, key: str) -> None:
        """Release a begun key whose effect is known not to have happened.

        Raises:
            LedgerError: Its effect is done.
        """
        with self._server.transaction() as connection:
            known = self._read(connection, key, lock=True)
            check_abandon(key, self._entry(key, known))
            if known is not None:
                connection.execute("DELETE FROM effects_ledger WHERE key = %s", (stored(known.key),))

    def entry(self, key: str) -> Entry | None:
        """What is known of the key, or None."""
        with self._server.transaction() as connection:
            known = self._read(connection, key)
        return self._entry(key, known)

    def seal_anew(self, after: str, limit: int) -> str | None:
        """Store rows anew, of those with names after `after`, that are not as they would be stored today.

        Args:
            after: Where to go on; empty at first.
            limit: How many rows to look at.

        Returns:
            The last name that was looked at; None where there was none.
        """
        with self._server.transaction() as connection:
            return self.seal_some(connection, self._rows.sealer, after, limit)

    @staticmethod
    def seal_some(connection: Connection[DictRow], sealer: Sealer, after: str, limit: int) -> str | None:
        """As `seal_anew`, within a transaction."""
        made = LedgerRows(sealer)
        where = 'key COLLATE "C" > %s ORDER BY key COLLATE "C" LIMIT %s FOR UPDATE'
        rows = _some(connection, where, (stored(after), limit))
        for row in rows:
            if not made.is_current(row):
                _replace(connection, row.key, made.sealed_anew(row))
        return rows[-1].key if rows else None

    def _claimed(self, connection: Connection[DictRow], key: str) -> LedgerRow | None:
        """The row under another name than a new one would get, which no conflict would tell of."""
        names = self._rows.names_of(key)
        if len(names) == 1:
            return None
        # Whoever has the same keys, in whatever order, waits here.
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (stored(min(names)),))
        return self._read(connection, key)

    def _read(self, connection: Connection[DictRow], key: str, *, lock: bool = False) -> LedgerRow | None:
        where = "key = ANY(%s)" + (" FOR UPDATE" if lock else "")
        rows = _some(connection, where, ([stored(name) for name in self._rows.names_of(key)],))
        return rows[0] if rows else None

    def _entry(self, key: str, row: LedgerRow | None) -> Entry | None:
        return None if row is None else self._rows.entry(key, row)


def _some(connection: Connection[DictRow], where: str, values: Sequence[Any]) -> list[LedgerRow]:
    columns = "key, status, thread, digest, args::text AS args, result::text AS result, sealed"
    rows = connection.execute(f"SELECT {columns} FROM effects_ledger WHERE {where}".encode(), values)
    made = [LedgerRow(**row) for row in rows]
    return [row._replace(key=unstored(row.key), thread=unstored(row.thread)) for row in made]


def _replace(connection: Connection[DictRow], name: str, row: LedgerRow) -> None:
    """Store a row in the place of the one of that name."""
    connection.execute(
        "UPDATE effects_ledger SET key = %s, status = %s, thread = %s, digest = %s, args = %s::json,"
        " result = %s::json, sealed = %s WHERE key = %s",
        (stored(row.key), row.status, stored(row.thread), *row[3:], stored(name)),
    )
