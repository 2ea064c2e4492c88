"""SqliteDatabase: everything that lasts, in one SQLite file."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .address import Address
from .schema import SCHEMA, check_schema
from .sqlite_file import SqliteFile
from .sqlite_ledger import SqliteLedger
from .sqlite_saver import create_checkpoints, list_threads, open_async_saver, open_saver
from .sqlite_table import SqliteTable

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from .thread import Thread

__all__ = ["SqliteDatabase"]


class SqliteDatabase:
    """Everything that lasts, in one SQLite file: see `Database`."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._file = SqliteFile(address.path, address.shown)
        try:
            _prepare(self._file)
        except BaseException:
            self._file.close()
            raise
        self._ledger = SqliteLedger(self._file)

    @property
    def url(self) -> str:
        """The URL that the database was opened with."""
        return self._address.url

    @property
    def ledger(self) -> SqliteLedger:
        """What is known of every effect."""
        return self._ledger

    def table(self, name: str) -> SqliteTable:
        """The table of that name, for effects that write rows."""
        return SqliteTable(self._file, name)

    def saver(self) -> AbstractContextManager[BaseCheckpointSaver[str]]:
        """A saver for `invoke` and `stream`, open within the `with` block."""
        return open_saver(self._file)

    def asaver(self) -> AbstractAsyncContextManager[BaseCheckpointSaver[str]]:
        """A saver for `ainvoke` and `astream`, open within the `async with` block."""
        return open_async_saver(self._file)

    def threads(self, limit: int | None = None) -> list[Thread]:
        """The threads that have a checkpoint, newest first, at most `limit`."""
        return list_threads(self._file, limit)

    def close(self) -> None:
        """Close the file; what is open within a `with` block stays open until that ends."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"open_database({self._address.shown!r})"


def _prepare(file: SqliteFile) -> None:
    # The version is read before anything is written: a newer quorate's file stays as it is.
    with file.reading() as database:
        found = None
        if "quorate_meta" in database.table_names():
            row = database.execute("SELECT value FROM quorate_meta WHERE key = 'schema'").fetchone()
            found = None if row is None else str(row[0])
    missing = check_schema(found, file.shown)
    file.use_wal()
    with file.transaction() as database:
        if missing:
            database.execute("CREATE TABLE IF NOT EXISTS quorate_meta (key TEXT PRIMARY KEY NOT NULL, value TEXT)")
            SqliteLedger.create(database)
        # Of a file that may only be read SQLite lets a transaction begin, but no statement write, be it nothing.
        database.execute("DELETE FROM quorate_meta WHERE 0")
    if missing:
        create_checkpoints(file)
        with file.transaction() as database:
            database.execute("INSERT OR REPLACE INTO quorate_meta VALUES ('schema', ?)", (str(SCHEMA),))
