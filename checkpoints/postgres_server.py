"""PostgresServer: the connections to one Postgres database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolClosed

from ..contracts import DatabaseError
from .address import Address

__all__ = ["CONNECTIONS", "PostgresServer"]

CONNECTIONS = 8
"""How many connections a pool opens at most. A handle has one pool, and one more per open `asaver()`."""

_CONNECT_SECONDS = 10
_LOCK = 0x71756F72617465  # "quorate" in ASCII: the advisory lock under which tables are made


class PostgresServer:
    """One Postgres database. Connections are made when they are needed.

    Raises:
        DatabaseError: The URL is wrong, or nobody answers there.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.shown = address.shown
        self.settings = self._settings()
        self._pool = ConnectionPool(
            address.url,
            connection_class=Connection[DictRow],
            kwargs=self.settings,
            min_size=0,
            max_size=CONNECTIONS,
            open=True,
            configure=_make_durable,
            num_workers=1,
        )

    def connect(self) -> Connection[DictRow]:
        """A further connection, in autocommit mode."""
        with self.explained():
            return Connection[DictRow].connect(self.address.url, **self.settings)

    @contextmanager
    def transaction(self) -> Iterator[Connection[DictRow]]:
        """A connection inside one transaction, which is durable when the block ends and undone if it raises."""
        with self.explained(), self._pool.connection() as connection, connection.transaction():
            yield connection

    @contextmanager
    def making_tables(self, connection: Connection[DictRow], seconds: float = 60.0) -> Iterator[None]:
        """Only one process at a time, over all that use this database.

        Raises:
            DatabaseError: Another process is at it for more than `seconds`.
        """
        deadline = time.monotonic() + seconds
        # Asked again and again: a session that waits inside a statement would block CREATE INDEX CONCURRENTLY,
        # which the stock saver runs, and both would wait for ever.
        while connection.execute("SELECT pg_try_advisory_lock(%s) AS ours", (_LOCK,)).fetchone() != {"ours": True}:
            if time.monotonic() > deadline:
                raise DatabaseError(
                    self.shown,
                    got="another process that makes the tables, and does not end",
                    expected=f"a turn within {seconds:g} seconds",
                    fix="look for it in pg_locks (locktype advisory), end it, and try again",
                )
            time.sleep(0.1)
        try:
            yield
        finally:
            with suppress(psycopg.Error):  # a lost connection has released it
                connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn an error of Postgres into one that says what to do, and shows no password."""
        try:
            yield
        except psycopg.Error as error:
            raise self.error(error) from None  # the driver's own may repeat the URL, and a traceback would show it

    def error(self, error: psycopg.Error) -> DatabaseError:
        """What to tell of an error of Postgres."""
        return DatabaseError(
            self.shown,
            got=self.address.scrub(str(error)) or type(error).__name__,
            expected="a Postgres database that answers, and that this user may read and write",
            fix=_fix_of(error),
        )

    def _settings(self) -> dict[str, Any]:
        with self.explained():
            given = conninfo_to_dict(self.address.url)
        # What the stock savers need of a connection.
        settings: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
        if "connect_timeout" not in given:
            settings["connect_timeout"] = _CONNECT_SECONDS
        return settings


def _make_durable(connection: Connection[DictRow]) -> None:
    # A server, a database or a user may be set to commit before the write is on disk; a ledger may not.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )


def _fix_of(error: psycopg.Error) -> str:
    match error:
        case PoolClosed():
            return "open the database again: this handle was closed"
        case psycopg.errors.InsufficientPrivilege():
            return "grant the rights to this user, or use another"
        case psycopg.ProgrammingError() if error.sqlstate is None:
            return "correct the URL"
        case psycopg.OperationalError():
            return "check host, port, database name, user and password, and that the server runs"
        case psycopg.DataError():
            return "correct the value"
        case _:
            return "look at the server's log"
