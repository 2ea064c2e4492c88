"""PostgresDatabase: everything that lasts, in one Postgres database."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .address import Address
from .postgres_blobs import PostgresBlobs
from .postgres_ledger import PostgresLedger
from .postgres_saver import NEWEST, create_checkpoints, list_threads, open_async_saver, open_saver
from .postgres_server import PostgresServer
from .postgres_table import PostgresTable
from .schema import SCHEMA, check_schema

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from psycopg import Connection
    from psycopg.rows import DictRow

    from .thread import Thread

__all__ = ["PostgresDatabase"]


class PostgresDatabase:
    """Everything that lasts, in one Postgres database: see `Database`."""

    def __init__(self, address: Address) -> None:
        self._server = PostgresServer(address)
        try:
            _prepare(self._server)
        except BaseException:
            self._server.close()
            raise
        self._ledger = PostgresLedger(self._server)
        self._blobs = PostgresBlobs(self._server)

    @property
    def url(self) -> str:
        """The URL that the database was opened with."""
        return self._server.address.url

    @property
    def ledger(self) -> PostgresLedger:
        """What is known of every effect."""
        return self._ledger

    @property
    def blobs(self) -> PostgresBlobs:
        """What is too large for the state."""
        return self._blobs

    def table(self, name: str) -> PostgresTable:
        """The table of that name, for effects that write rows."""
        return PostgresTable(self._server, name)

    def saver(self) -> AbstractContextManager[BaseCheckpointSaver[str]]:
        """A saver for `invoke` and `stream`, open within the `with` block."""
        return open_saver(self._server)

    def asaver(self) -> AbstractAsyncContextManager[BaseCheckpointSaver[str]]:
        """A saver for `ainvoke` and `astream`, open within the `async with` block."""
        return open_async_saver(self._server)

    def threads(self, limit: int | None = None) -> list[Thread]:
        """The threads that have a checkpoint, newest first, at most `limit`."""
        with self._server.transaction() as connection:
            return list_threads(connection, limit)

    def close(self) -> None:
        """Close the pool; what is open within a `with` block stays open until that ends."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"open_database({self._server.shown!r})"


def _prepare(server: PostgresServer) -> None:
    with server.connect() as connection, server.explained():
        if not _missing(server, connection):
            return
        with server.making_tables(connection):
            found = _missing(server, connection)  # another process may have been quicker
            if not found:
                return
            connection.execute("CREATE TABLE IF NOT EXISTS quorate_meta (key text PRIMARY KEY, value text)")
            PostgresLedger.create(connection)
            PostgresBlobs.create(connection)
            create_checkpoints(connection)
            connection.execute(
                "INSERT INTO quorate_meta VALUES ('schema', %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (str(SCHEMA),),
            )


def _missing(server: PostgresServer, connection: Connection[DictRow]) -> bool:
    """Whether tables are still to be made; where none are, this user need not have the right to make them."""
    present = {
        name: connection.execute("SELECT to_regclass(%s) IS NOT NULL AS there", (name,)).fetchone() == {"there": True}
        for name in ("quorate_meta", "quorate_blobs", "checkpoint_migrations")
    }
    found = None
    if present["quorate_meta"]:
        row = connection.execute("SELECT value FROM quorate_meta WHERE key = 'schema'").fetchone()
        found = None if row is None else str(row["value"])
    if check_schema(found, server.shown) or not all(present.values()):
        return True
    row = connection.execute("SELECT max(v) AS v FROM checkpoint_migrations").fetchone()
    return row is None or row["v"] is None or row["v"] < NEWEST
