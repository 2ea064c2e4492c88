"""PostgresStore: the log in a Postgres database."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.rows import DictRow

from ...contracts import DatabaseError
from ..address import Address
from ..closed import closed
from ..log.known_lines import KnownLines
from ..log.store import LostDatabase
from ..sealing.seal import Sealer
from .array import register
from .batch import PostgresBatch
from .places import Places
from .reader import PostgresReader
from .server import PostgresServer, make_durable
from .transaction import PostgresTransaction

__all__ = ["PostgresStore"]

_TABLES = ("quorate_threads", "quorate_checkpoints", "quorate_writes", "quorate_removed", "quorate_blobs")
"""What `vacuum` is for."""
_PLANS = {
    **dict.fromkeys(("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit"), "off"),
    "plan_cache_mode": "force_generic_plan",
}
"""How statements are to be planned."""
_IDLE = 1.0
"""After how many seconds the writer's connection is tried before it is used."""


class PostgresStore:
    """The log in a Postgres database: one connection writes, a pool reads. It makes its own, in a forked process too.

    Args:
        address: The database.
        sealer: What names and seals threads.
    """

    def __init__(self, address: Address, sealer: Sealer) -> None:
        self._address = address
        self._sealer = sealer
        self._known = KnownLines()
        self._sessions: dict[int, _Session] = {}
        self._closed = False

    @property
    def shown(self) -> str:
        """How errors call the database."""
        return self._address.shown

    @contextmanager
    def reading(self) -> Iterator[PostgresReader]:
        """Reads of one moment; they do not wait for a writer."""
        with self._session().server.connection() as connection:
            reader = PostgresReader(connection, self._sealer, self._known)
            try:
                yield reader
            finally:
                reader.close()

    @contextmanager
    def adding(self) -> Iterator[PostgresBatch]:
        """Rows that are added in one statement."""
        session = self._session()
        with session.writer() as connection:
            batch = PostgresBatch(connection, self._sealer, self._known, session.places)
            try:
                yield batch
                batch.finish()
            except BaseException:
                batch.forget()
                raise

    @contextmanager
    def writing(self) -> Iterator[PostgresTransaction]:
        """A transaction, durable when the block ends, undone where it raises."""
        # In a pipeline, so that BEGIN goes with the first statement, and COMMIT with the last ones.
        with self._session().writer() as connection, connection.pipeline(), connection.transaction():
            transaction = PostgresTransaction(connection, self._sealer)
            yield transaction
        transaction.note(self._known)

    def size(self) -> int:
        """Bytes of quorate's tables, with their indexes."""
        with self._session().server.connection() as connection:
            sql = (
                "SELECT sum(pg_total_relation_size(to_regclass(name)))::bigint AS size FROM unnest(%s::text[]) AS name"
            )
            row = connection.execute(sql, (list(_TABLES),)).fetchone()
        return int((row or {}).get("size") or 0)

    def vacuum(self) -> None:
        """Let the space of removed rows be used again, and the planner know what is there."""
        with self._session().server.connection() as connection:
            connection.execute(f"VACUUM (ANALYZE) {', '.join(_TABLES)}".encode())

    def close(self) -> None:
        """Close the connections for good."""
        self._closed = True
        session = self._sessions.pop(os.getpid(), None)
        if session is not None:
            session.close()

    def _session(self) -> _Session:
        if self._closed:
            raise closed(self.shown)
        process = os.getpid()
        session = self._sessions.get(process)
        if session is None:  # a parent's connections stay as they are: both would read each other's answers
            session = self._sessions.setdefault(process, _Session(self._address))
        return session


class _Session:
    """The connections of one process."""

    def __init__(self, address: Address) -> None:
        self.server = PostgresServer(address, _configure)
        self.places = Places()
        self._writer: Connection[DictRow] | None = None
        self._used = 0.0

    @contextmanager
    def writer(self) -> Iterator[Connection[DictRow]]:
        """The writer's connection, made anew where it was lost.

        Raises:
            LostDatabase: The database cannot be reached, or went away meanwhile.
        """
        connection = self._writer = self._connection()
        try:
            yield connection
        except psycopg.Error as error:
            told = self.server.error(error)
            if not connection.closed:
                raise told from None
            raise LostDatabase(
                told.where,
                got=f"{told.got} (whether what was being written is stored is not known)",
                expected=told.expected,
                fix=f"{told.fix}; then run again on what the thread holds",
            ) from None
        finally:
            self._used = time.monotonic()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self.server.close()

    def _connection(self) -> Connection[DictRow]:
        connection = self._writer
        if connection is not None and time.monotonic() - self._used > _IDLE:
            with suppress(psycopg.Error):  # a connection that went away while nobody used it is no error
                connection.execute("")
        if connection is not None and not connection.closed:
            return connection
        self.places = Places()
        try:
            connection = self.server.connect()
        except DatabaseError as error:
            raise LostDatabase(error.where, got=error.got, expected=error.expected, fix=error.fix) from None
        connection.read_only = False
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        return connection


def _configure(connection: Connection[DictRow]) -> None:
    """Set up a connection; its transactions read one moment."""
    make_durable(connection)
    # Every statement finds its rows one by one in an index. Of a table that grows Postgres may not know it in time.
    connection.execute(
        "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS setting (name, value)",
        (list(_PLANS), list(_PLANS.values())),
    )
    connection.read_only = True
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    register(connection.adapters)
