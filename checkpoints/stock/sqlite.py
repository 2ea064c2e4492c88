"""StockSqlite: the tables of LangGraph's own SQLite savers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from ...contracts import DatabaseError
from ..address import Address
from ..log.request import Typed
from ..sqlite.file import WAIT, explained
from ..sqlite.read_access import ReadAccess
from .tables import BlobKey, StockCheckpoint, StockLink, StockWrite
from .value import damaged, stock_typed, stock_value

__all__ = ["StockSqlite", "open_stock_sqlite"]

COLUMNS = {
    "checkpoints": {
        "thread_id",
        "checkpoint_ns",
        "checkpoint_id",
        "parent_checkpoint_id",
        "type",
        "checkpoint",
        "metadata",
    },
    "writes": {"thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "channel", "type", "value"},
}
"""The tables with the columns that they have at least; `writes.task_path` came later."""

_EXPECTED = "a SQLite file that LangGraph's SqliteSaver or AsyncSqliteSaver has made"

_THREADS = (
    "SELECT thread_id FROM ("
    " SELECT thread_id, max(checkpoint_id) AS newest FROM checkpoints GROUP BY thread_id"
    " UNION ALL SELECT thread_id, '' FROM writes GROUP BY thread_id"
    ") GROUP BY thread_id ORDER BY max(newest), thread_id"
)
_LINKS = "SELECT checkpoint_ns, checkpoint_id, parent_checkpoint_id FROM checkpoints WHERE thread_id = ?"
_CHECKPOINT = (
    "SELECT type, checkpoint, metadata FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?"
)
_WRITES = "SELECT checkpoint_ns, checkpoint_id, task_id, {path}, idx, channel, type, value FROM writes"
_OF_CHECKPOINT = " WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ? ORDER BY task_id, {path}, idx"
_STRAYS = (
    " WHERE thread_id = ? AND NOT EXISTS (SELECT 1 FROM checkpoints c WHERE c.thread_id = writes.thread_id"
    " AND c.checkpoint_ns = writes.checkpoint_ns AND c.checkpoint_id = writes.checkpoint_id)"
    " ORDER BY checkpoint_ns, checkpoint_id, task_id, {path}, idx"
)


@contextmanager
def open_stock_sqlite(address: Address) -> Iterator[StockSqlite]:
    """The tables of a file, which is opened to be read only.

    Raises:
        DatabaseError: There is no such file, it cannot be read, or has no such tables.
    """
    if not address.path.is_file():
        raise DatabaseError(
            address.shown,
            got=f"no file {address.path}",
            expected=_EXPECTED,
            fix="correct the path",
        )
    with explained(address.shown, _EXPECTED):
        access = ReadAccess.of(address.path, address.shown)
        with access.watched(), closing(access.connect(WAIT)) as connection:
            connection.isolation_level = None
            yield StockSqlite(connection, address.shown)


class StockSqlite:
    """The tables of LangGraph's own SQLite savers.

    Args:
        connection: The file. Within a transaction of the caller, all is read in that.
        shown: How errors call it.

    Raises:
        DatabaseError: It has no such tables.
    """

    def __init__(self, connection: sqlite3.Connection, shown: str) -> None:
        self.shown = shown
        self._connection = connection
        found = {table: self._columns(table) for table in COLUMNS}
        for table, columns in COLUMNS.items():
            if not columns <= found[table]:
                raise DatabaseError(
                    shown,
                    got=f"a table {table} of another form" if found[table] else f"no table {table}",
                    expected="the tables checkpoints and writes, as LangGraph's SQLite savers make them",
                    fix="name the file that a saver has written to; what an earlier quorate stored is taken over when "
                    "its file is opened",
                )
        self._path = "task_path" if "task_path" in found["writes"] else "''"

    def threads(self) -> list[str]:
        """The ids of all threads, the one with the newest checkpoint last."""
        return [_text(thread, self.shown, "thread_id") for (thread,) in self._connection.execute(_THREADS)]

    @contextmanager
    def reading(self, thread: str) -> Iterator[StockSqliteThread]:
        """What they hold of a thread, all of one moment."""
        with explained(self.shown, _EXPECTED):
            outer = self._connection.in_transaction
            if not outer:
                self._connection.execute("BEGIN")
            try:
                yield StockSqliteThread(self._connection, self.shown, thread, self._path)
            finally:
                if not outer:
                    self._connection.rollback()

    def _columns(self, table: str) -> set[str]:
        return {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}


class StockSqliteThread:
    """What the tables hold of one thread: see `StockThread`."""

    def __init__(self, connection: sqlite3.Connection, shown: str, thread: str, path: str) -> None:
        self._connection = connection
        self._shown = shown
        self._thread = thread
        self._writes = _WRITES.format(path=path)
        self._of_checkpoint = self._writes + _OF_CHECKPOINT.format(path=path)
        self._strays = self._writes + _STRAYS.format(path=path)

    def links(self) -> list[StockLink]:
        """Its checkpoints in all namespaces."""
        where = self._where("checkpoints")
        return [
            StockLink(
                _text(namespace, where, "checkpoint_ns"),
                _text(checkpoint, where, "checkpoint_id"),
                _text(parent, where, "parent_checkpoint_id") if parent else None,
            )
            for namespace, checkpoint, parent in self._connection.execute(_LINKS, (self._thread,))
        ]

    def checkpoints(self, links: Sequence[StockLink]) -> list[StockCheckpoint]:
        """These checkpoints, in this order."""
        return [self._checkpoint(link) for link in links]

    def blobs(self, keys: Collection[BlobKey]) -> dict[BlobKey, Typed]:
        """Nothing: all values are in the checkpoints."""
        return {}

    def writes(self, links: Sequence[StockLink]) -> list[StockWrite]:
        """What tasks wrote on these checkpoints."""
        return [
            self._write(row)
            for link in links
            for row in self._connection.execute(self._of_checkpoint, (self._thread, link.namespace, link.id))
        ]

    def strays(self) -> list[StockWrite]:
        """What tasks wrote on checkpoints that are not there."""
        return [self._write(row) for row in self._connection.execute(self._strays, (self._thread,))]

    def _checkpoint(self, link: StockLink) -> StockCheckpoint:
        where = self._where("checkpoints", link.namespace, link.id)
        row = self._connection.execute(_CHECKPOINT, (self._thread, link.namespace, link.id)).fetchone()
        form, content, metadata = row
        fields = stock_value(form, content, where)
        if not isinstance(fields, dict) or not isinstance(fields.get("channel_values"), dict):
            raise damaged(where, "it is not a checkpoint")
        if fields.get("id") != link.id:
            raise damaged(where, f"it says that its id is {fields.get('id')!r}")
        values = fields.pop("channel_values")
        return StockCheckpoint(
            link,
            fields,
            _metadata(metadata, where),
            {channel: stock_typed(value, f"{where}, channel {channel!r}") for channel, value in values.items()},
            where,
        )

    def _write(self, row: Sequence[Any]) -> StockWrite:
        namespace, checkpoint, task, path, index, channel, form, content = row
        where = self._where("writes", namespace, checkpoint) + f", task {task}, index {index}"
        if type(index) is not int:
            raise damaged(where, "its index is not a number")
        return StockWrite(
            _text(namespace, where, "checkpoint_ns"),
            _text(checkpoint, where, "checkpoint_id"),
            _text(task, where, "task_id"),
            _text(path, where, "task_path"),
            index,
            _text(channel, where, "channel"),
            stock_value(form, content, where),
        )

    def _where(self, table: str, namespace: str = "", checkpoint: str = "") -> str:
        parts = [f"{self._shown}, table {table}, thread {self._thread!r}"]
        parts += [f"namespace {namespace!r}"] if namespace else []
        parts += [f"checkpoint {checkpoint}"] if checkpoint else []
        return ", ".join(parts)


def _metadata(content: Any, where: str) -> dict[str, Any]:
    if content is None:
        return {}
    try:
        found = json.loads(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged(where, f"its metadata: {error}") from error
    if not isinstance(found, dict):
        raise damaged(where, "its metadata is not an object")
    return found


def _text(value: Any, where: str, column: str) -> str:
    if not isinstance(value, str):
        raise damaged(where, f"{column} is not text: {value!r}")
    return value
