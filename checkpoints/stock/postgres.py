"""StockPostgres: the tables of LangGraph's own Postgres savers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, IsolationLevel
from psycopg.rows import DictRow

from ...contracts import DatabaseError
from ..address import Address
from ..log.request import Typed
from ..postgres.server import PostgresServer
from .tables import BlobKey, StockCheckpoint, StockLink, StockWrite
from .value import damaged, stock_typed, stock_value

__all__ = ["StockPostgres", "open_stock_postgres"]

COLUMNS = {
    "checkpoints": {"thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "checkpoint", "metadata"},
    "checkpoint_blobs": {"thread_id", "checkpoint_ns", "channel", "version", "type", "blob"},
    "checkpoint_writes": {"thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "channel", "type", "blob"},
}
"""The tables with the columns that they have at least; `checkpoint_writes.task_path` came later."""

_COLUMNS = (
    "SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
)
_THREADS = (
    "SELECT thread_id FROM ("
    ' SELECT thread_id, max(checkpoint_id COLLATE "C") AS newest FROM checkpoints GROUP BY thread_id'
    " UNION ALL SELECT DISTINCT thread_id, '' FROM checkpoint_writes"
    ') AS each GROUP BY thread_id ORDER BY max(newest COLLATE "C"), thread_id'
)
_LINKS = "SELECT checkpoint_ns, checkpoint_id, parent_checkpoint_id FROM checkpoints WHERE thread_id = %s"
_WANTED = " JOIN unnest(%s::text[], %s::text[]) AS wanted (ns, id) ON checkpoint_ns = ns AND checkpoint_id = id"
_CHECKPOINTS = (
    f"SELECT checkpoint_ns, checkpoint_id, checkpoint, metadata FROM checkpoints{_WANTED} WHERE thread_id = %s"
)
_HELD = "SELECT checkpoint_ns, channel, version FROM checkpoint_blobs WHERE thread_id = %s AND type <> 'empty'"
_BLOBS = (
    "SELECT checkpoint_ns, b.channel, b.version, type, blob FROM checkpoint_blobs b"
    " JOIN unnest(%s::text[], %s::text[], %s::text[]) AS wanted (ns, channel, version)"
    " ON checkpoint_ns = ns AND b.channel = wanted.channel AND b.version = wanted.version WHERE thread_id = %s"
)
_WRITES = (
    "SELECT checkpoint_ns, checkpoint_id, task_id, {path} AS path, idx, channel, type, blob FROM checkpoint_writes w"
)
_STRAYS = (
    " WHERE thread_id = %s AND NOT EXISTS (SELECT 1 FROM checkpoints c WHERE c.thread_id = w.thread_id"
    " AND c.checkpoint_ns = w.checkpoint_ns AND c.checkpoint_id = w.checkpoint_id)"
)
_IN_ORDER = " ORDER BY checkpoint_ns, checkpoint_id, task_id, path, idx"


@contextmanager
def open_stock_postgres(address: Address) -> Iterator[StockPostgres]:
    """The tables of a database, in a session that can only read.

    Raises:
        DatabaseError: It cannot be opened or read, or has no such tables.
    """
    server = PostgresServer(address)
    try:
        with server.connect() as connection:
            connection.read_only = True
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            yield StockPostgres(connection, server)
    finally:
        server.close()


class StockPostgres:
    """The tables of LangGraph's own Postgres savers.

    Args:
        connection: The database. Within a transaction of the caller, all is read in that.
        server: What explains its errors.

    Raises:
        DatabaseError: It has no such tables.
    """

    def __init__(self, connection: Connection[DictRow], server: PostgresServer) -> None:
        self.shown = server.shown
        self._server = server
        self._connection = connection
        with server.explained():
            found = {table: self._columns(table) for table in COLUMNS}
        for table, columns in COLUMNS.items():
            if not columns <= found[table]:
                raise DatabaseError(
                    self.shown,
                    got=f"a table {table} of another form" if found[table] else f"no table {table}",
                    expected=f"the tables {', '.join(COLUMNS)}, as LangGraph's PostgresSaver or AsyncPostgresSaver "
                    "makes them",
                    fix="name the database that a saver has written to, its search_path too where that is not the "
                    "user's own; what an earlier quorate stored is taken over when its database is opened",
                )
        self._path = "task_path" if "task_path" in found["checkpoint_writes"] else "''"

    def threads(self) -> list[str]:
        """The ids of all threads, the one with the newest checkpoint last."""
        with self._server.explained():
            return [row["thread_id"] for row in self._connection.execute(_THREADS)]

    @contextmanager
    def reading(self, thread: str) -> Iterator[StockPostgresThread]:
        """What they hold of a thread, all of one moment."""
        with self._server.explained(), self._connection.transaction():
            yield StockPostgresThread(self._connection, self.shown, thread, self._path)

    def _columns(self, table: str) -> set[str]:
        return {row["name"] for row in self._connection.execute(_COLUMNS, (table,))}


class StockPostgresThread:
    """What the tables hold of one thread: see `StockThread`."""

    def __init__(self, connection: Connection[DictRow], shown: str, thread: str, path: str) -> None:
        self._connection = connection
        self._shown = shown
        self._thread = thread
        self._writes = _WRITES.format(path=path)
        self._held = {
            BlobKey(row["checkpoint_ns"], row["channel"], row["version"])
            for row in connection.execute(_HELD, (thread,))
        }

    def links(self) -> list[StockLink]:
        """Its checkpoints in all namespaces."""
        return [
            StockLink(row["checkpoint_ns"], row["checkpoint_id"], row["parent_checkpoint_id"] or None)
            for row in self._connection.execute(_LINKS, (self._thread,))
        ]

    def checkpoints(self, links: Sequence[StockLink]) -> list[StockCheckpoint]:
        """These checkpoints, in this order."""
        rows = {
            (row["checkpoint_ns"], row["checkpoint_id"]): row
            for row in self._connection.execute(_CHECKPOINTS, (*_arrays(links), self._thread))
        }
        return [self._checkpoint(link, rows[link.namespace, link.id]) for link in links]

    def blobs(self, keys: Collection[BlobKey]) -> dict[BlobKey, Typed]:
        """These values."""
        found = {}
        columns = list(map(list, zip(*keys, strict=True))) or [[], [], []]
        for row in self._connection.execute(_BLOBS, (*columns, self._thread)):
            key = BlobKey(row["checkpoint_ns"], row["channel"], row["version"])
            where = f"{self._where('checkpoint_blobs', key.namespace)}, channel {key.channel!r}, version {key.version}"
            found[key] = stock_typed(stock_value(row["type"], row["blob"], where), where)
        return found

    def writes(self, links: Sequence[StockLink]) -> list[StockWrite]:
        """What tasks wrote on these checkpoints."""
        sql = f"{self._writes}{_WANTED} WHERE thread_id = %s{_IN_ORDER}".encode()
        return [self._write(row) for row in self._connection.execute(sql, (*_arrays(links), self._thread))]

    def strays(self) -> list[StockWrite]:
        """What tasks wrote on checkpoints that are not there."""
        sql = f"{self._writes}{_STRAYS}{_IN_ORDER}".encode()
        return [self._write(row) for row in self._connection.execute(sql, (self._thread,))]

    def _checkpoint(self, link: StockLink, row: DictRow) -> StockCheckpoint:
        where = self._where("checkpoints", link.namespace, link.id)
        fields, metadata = row["checkpoint"], row["metadata"]
        if not isinstance(fields, dict) or not isinstance(metadata, dict):
            raise damaged(where, "it is not a checkpoint")
        if fields.get("id") != link.id:
            raise damaged(where, f"it says that its id is {fields.get('id')!r}")
        inline, versions = fields.pop("channel_values", None) or {}, fields.get("channel_versions") or {}
        if not isinstance(inline, dict) or not isinstance(versions, dict):
            raise damaged(where, "it is not a checkpoint")
        values: dict[str, Typed | BlobKey] = {
            channel: stock_typed(value, f"{where}, channel {channel!r}") for channel, value in inline.items()
        }
        # A blob wins: of a delta channel's snapshot the row itself has only a mark.
        for channel, version in versions.items():
            key = BlobKey(link.namespace, channel, _text_of(version))
            if key in self._held:
                values[channel] = key
        return StockCheckpoint(link, fields, metadata, values, where)

    def _write(self, row: DictRow) -> StockWrite:
        place = row["checkpoint_ns"], row["checkpoint_id"], row["task_id"], row["path"], row["idx"]
        where = f"{self._where('checkpoint_writes', *place[:2])}, task {place[2]}, index {place[4]}"
        return StockWrite(*place, row["channel"], stock_value(row["type"], row["blob"], where))

    def _where(self, table: str, namespace: str = "", checkpoint: str = "") -> str:
        parts = [f"{self._shown}, table {table}, thread {self._thread!r}"]
        parts += [f"namespace {namespace!r}"] if namespace else []
        parts += [f"checkpoint {checkpoint}"] if checkpoint else []
        return ", ".join(parts)


def _arrays(links: Sequence[StockLink]) -> tuple[list[str], list[str]]:
    return [link.namespace for link in links], [link.id for link in links]


def _text_of(version: Any) -> str:
    """A version as the savers' own query compares it: a JSON string as it is, a number as JSON writes it."""
    return version if isinstance(version, str) else str(version)
