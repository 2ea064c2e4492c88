"""PostgresLedger: the effect ledger in a Postgres database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..contracts import Entry
from .ledger import as_json, check_abandon, must_finish

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

    from .postgres_server import PostgresServer

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
    done_at timestamptz
)
"""


class PostgresLedger:
    """The effect ledger in a Postgres database, table `effects_ledger`.

    Every method raises DatabaseError where the database cannot be read or written.
    """

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @staticmethod
    def create(connection: Connection[DictRow]) -> None:
        """Make the table."""
        connection.execute(_CREATE)

    def begin(self, key: str, *, name: str, thread: str, digest: str, args: Mapping[str, Any]) -> Entry | None:
        """Claim the key. None: it is ours now, execute. An entry: somebody was here before; do not execute.

        Raises:
            LedgerError: `args` is not plain JSON data.
        """
        text = as_json(key, f"arguments of {name!r}", dict(args))
        while True:
            with self._server.transaction() as connection:
                cursor = connection.execute(
                    "INSERT INTO effects_ledger (key, name, thread, digest, args, status)"
                    " VALUES (%s, %s, %s, %s, %s::json, 'executing') ON CONFLICT (key) DO NOTHING",
                    (key, name, thread, digest, text),
                )
                if cursor.rowcount == 1:
                    return None
                known = _read(connection, key)
            if known is not None:  # else it was abandoned between the two statements
                return known

    def finish(self, key: str, *, result: Any) -> None:
        """Record that the effect of a begun key was done, with the receiver's answer.

        Raises:
            LedgerError: The key was never begun, is done with another result, or `result` is not JSON data.
        """
        text = as_json(key, "result", result)
        with self._server.transaction() as connection:
            if must_finish(key, _read(connection, key, lock=True), text):
                connection.execute(
                    "UPDATE effects_ledger SET status = 'done', result = %s::json, done_at = clock_timestamp()"
                    " WHERE key = %s",
                    (text, key),
                )

    def abandon(self, key: str) -> None:
        """Release a begun key whose effect is known not to have happened.

        Raises:
            LedgerError: Its effect is done.
        """
        with self._server.transaction() as connection:
            check_abandon(key, _read(connection, key, lock=True))
            connection.execute("DELETE FROM effects_ledger WHERE key = %s", (key,))

    def entry(self, key: str) -> Entry | None:
        """What is known of the key, or None."""
        with self._server.transaction() as connection:
            return _read(connection, key)


def _read(connection: Connection[DictRow], key: str, *, lock: bool = False) -> Entry | None:
    query = "SELECT key, status, thread, digest, result FROM effects_ledger WHERE key = %s"
    row = connection.execute(f"{query} FOR UPDATE" if lock else query, (key,)).fetchone()
    return None if row is None else Entry(**row)
