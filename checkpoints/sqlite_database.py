"""SqliteDatabase: everything that lasts, in one SQLite file."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..contracts import DatabaseError
from .address import Address
from .schema import SCHEMA, check_schema
from .seal import Keyring, Plain, Sealer
from .sqlite_blobs import SqliteBlobs
from .sqlite_file import SqliteFile
from .sqlite_ledger import SqliteLedger
from .sqlite_store import SqliteStore, create_log
from .sqlite_table import SqliteTable

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from sqlite_utils import Database

    from .log import Log
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
        self._sealer: Sealer = Keyring.from_environment() or Plain()
        self._blobs = SqliteBlobs(self._file, self._sealer)
        self._opened: Log | None = None

    @property
    def url(self) -> str:
        """The URL that the database was opened with."""
        return self._address.url

    @property
    def ledger(self) -> SqliteLedger:
        """What is known of every effect."""
        return self._ledger

    @property
    def blobs(self) -> SqliteBlobs:
        """What is too large for the state."""
        return self._blobs

    def table(self, name: str) -> SqliteTable:
        """The table of that name, for effects that write rows."""
        return SqliteTable(self._file, name)

    def saver(self) -> AbstractContextManager[BaseCheckpointSaver[str]]:
        """A saver for `invoke` and `stream`, open within the `with` block."""
        return self._log().saver()

    def asaver(self) -> AbstractAsyncContextManager[BaseCheckpointSaver[str]]:
        """A saver for `ainvoke` and `astream`, open within the `async with` block."""
        return self._log().asaver()

    def threads(self, limit: int | None = None) -> list[Thread]:
        """The threads that have a checkpoint, newest first, at most `limit`."""
        return self._log().threads(limit)

    def close(self) -> None:
        """Close the file; what is open within a `with` block stays open until that ends."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        self._file.close()

    def _log(self) -> Log:
        from .log import Log  # with LangGraph's checkpointers, which not every use of a database needs

        if self._opened is None:
            self._opened = Log(SqliteStore(self._file, self._sealer), self._sealer)
        return self._opened

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"open_database({self._address.shown!r})"


_COLUMNS = {
    "quorate_meta": {"key", "value"},
    "effects_ledger": {"key", "name", "thread", "digest", "args", "status", "result", "begun_at", "done_at"},
    "quorate_blobs": {"digest", "size", "stored_at", "content"},
    "checkpoints": {"thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "checkpoint", "metadata"},
    "quorate_threads": {"line", "thread", "namespace", "head", "tip"},
    "quorate_checkpoints": {"seq", "line", "id", "parent", "digest", "payload"},
    "quorate_writes": {"seq", "line", "checkpoint", "task", "digest", "payload"},
    "writes": {"thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "channel", "value"},
}
"""The tables of a database of quorate, the savers' among them, with columns that they have at least."""


def _prepare(file: SqliteFile) -> None:
    # All is read before anything is written: a newer quorate's file, or somebody else's, stays as it is.
    with file.reading() as database:
        tables = {name for name in database.table_names() if not name.startswith("sqlite_")}
        _check_ours(database, tables, file.shown)
        found = None
        if "quorate_meta" in tables:
            row = database.execute("SELECT value FROM quorate_meta WHERE key = 'schema'").fetchone()
            found = None if row is None else str(row[0])
    missing = check_schema(found, file.shown)
    file.use_wal()
    with file.transaction() as database:
        if missing:
            database.execute("CREATE TABLE IF NOT EXISTS quorate_meta (key TEXT PRIMARY KEY NOT NULL, value TEXT)")
            SqliteLedger.create(database)
            create_log(database)
        SqliteBlobs.create(database)
        # Of a file that may only be read SQLite lets a transaction begin, but no statement write, be it nothing.
        database.execute("DELETE FROM quorate_meta WHERE 0")
    if missing:
        with file.transaction() as database:
            database.execute("INSERT OR REPLACE INTO quorate_meta VALUES ('schema', ?)", (str(SCHEMA),))


def _check_ours(database: Database, tables: set[str], shown: str) -> None:
    """Check that the file is new, quorate's, or one of LangGraph's savers."""
    ours = tables & _COLUMNS.keys()
    odd = [name for name in sorted(ours) if not _COLUMNS[name] <= database[name].columns_dict.keys()]
    if odd or (tables and not ours):
        raise DatabaseError(
            shown,
            got=f"not a quorate database: it has {_named(odd or sorted(tables))}" + (" of another form" if odd else ""),
            expected="a database of quorate, or a new file",
            fix="name another file, which is made if it does not exist",
        )


def _named(tables: list[str]) -> str:
    shown = ", ".join(tables[:3]) + (f" and {len(tables) - 3} more" if len(tables) > 3 else "")
    return f"the table{'s' * (len(tables) != 1)} {shown}"
