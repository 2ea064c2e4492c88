"""PostgresServer: the connections to one Postgres database."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolClosed

from ...contracts import DatabaseError
from ..address import Address

__all__ = ["PostgresServer", "make_durable"]

_CONNECTIONS = 8
"""How many connections a pool opens at most."""

_CONNECT_SECONDS = 10
_LOCK = 0x71756F72617465  # "quorate" in ASCII: the advisory lock under which tables are made


def make_durable(connection: Connection[DictRow]) -> None:
    """Let a connection wait for each commit to be on disk."""
    # A server, a database or a user may be set to commit before the write is on disk; a ledger may not.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )


class PostgresServer:
    """One Postgres database. Connections are made when they are needed, by each process its own.

    Args:
        address: The database.
        configure: What to do with each new connection.

    Raises:
        DatabaseError: The URL is wrong, or nobody answers there.
    """

    def __init__(self, address: Address, configure: Callable[[Connection[DictRow]], None] = make_durable) -> None:
        self.address = address
        self.shown = address.shown
        self._settings = self._settings_of(address.url)
        self._configure = configure
        self._pools: dict[int, ConnectionPool[Connection[DictRow]]] = {}

    def connect(self) -> Connection[DictRow]:
        """A further connection, in autocommit mode."""
        with self.explained():
            connection = Connection[DictRow].connect(self.address.url, **self._settings)
            self._configure(connection)
            return connection

    @contextmanager
    def connection(self) -> Iterator[Connection[DictRow]]:
        """A connection of the pool, in autocommit mode."""
        with self.explained():
            connection = None
            try:
                with self._pool().connection() as connection:
                    yield connection
            except psycopg.OperationalError:
                if connection is not None and connection.closed:
                    self._pool().check()  # the others may be lost too, and would fail one by one
                raise

    @contextmanager
    def transaction(self) -> Iterator[Connection[DictRow]]:
        """A connection inside one transaction, which is durable when the block ends and undone if it raises."""
        with self.connection() as connection, connection.transaction():
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
        self._pool().close()

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

    def _pool(self) -> ConnectionPool[Connection[DictRow]]:
        """The connections of this process: a parent's stay as they are, for both would read each other's answers."""
        process = os.getpid()
        pool = self._pools.get(process)
        if pool is None:
            made = self._made()
            pool = self._pools.setdefault(process, made)
            if pool is not made:  # another thread was quicker
                made.close()
        return pool

    def _made(self) -> ConnectionPool[Connection[DictRow]]:
        return ConnectionPool(
            self.address.url,
            connection_class=Connection[DictRow],
            kwargs=self._settings,
            min_size=0,
            max_size=_CONNECTIONS,
            open=True,
            configure=self._configure,
            num_workers=1,
        )

    def _settings_of(self, url: str) -> dict[str, Any]:
        with self.explained():
            given = conninfo_to_dict(url)
        settings: dict[str, Any] = {
            "autocommit": True,
            "client_encoding": "UTF8",
            "prepare_threshold": 0,
            "row_factory": dict_row,
        }
        if "connect_timeout" not in given:
            settings["connect_timeout"] = _CONNECT_SECONDS
        return settings


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
