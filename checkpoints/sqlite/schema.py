"""SqliteSchema: quorate's tables in a SQLite file, checked, made, and brought up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ...contracts import DatabaseError
from ..accounts.amount import COLUMNS
from ..schema import SCHEMA, check_schema, migrate
from ..sealing.encryption import ENCRYPTION, Encryption, Transition, admit
from ..sealing.seal import Keyring, Sealer
from .accounts import SqliteAccounts
from .blobs import SqliteBlobs
from .file import SqliteFile
from .journal import SqliteJournal
from .ledger import SqliteLedger
from .log import create_log
from .transaction import SqliteTransaction

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["prepare", "schema_of"]

PATIENCE = 600.0
"""How long an open waits for another process that brings the file up to date, in seconds."""

_ROWS = 256
"""How many rows are sealed at a time."""

_COLUMNS = {
    "quorate_meta": {"key", "value"},
    "effects_ledger": {"key", "name", "thread", "digest", "args", "status", "result", "begun_at", "done_at"},
    "quorate_blobs": {"digest", "size", "stored_at", "content"},
    "quorate_accounts": {"tenant", "hour", *COLUMNS},
    "quorate_reserved": {"key", "tenant", "hour", *COLUMNS},
    "quorate_journal": {"id", "thread", "at", "entry"},
    "quorate_threads": {"line", "thread", "namespace", "head", "tip"},
    "quorate_checkpoints": {"seq", "line", "id", "parent", "digest", "payload"},
    "quorate_writes": {"seq", "line", "checkpoint", "task", "digest", "payload"},
    "checkpoints": {"thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "checkpoint", "metadata"},
    "writes": {"thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "channel", "value"},
}
"""The tables of a database of quorate, with columns that they have at least; the last two are LangGraph's own."""


class _Place(NamedTuple):
    """What a migration works on, within its transaction."""

    database: Database
    shown: str
    sealer: Sealer


def prepare(file: SqliteFile, sealer: Sealer, *, beside_stock: bool = False) -> None:
    """Check that a file is quorate's or new, make what is missing, and bring an older one up to date.

    Args:
        file: The file.
        sealer: What seals the rows of an older one.
        beside_stock: Whether a file of LangGraph's own savers is taken; by default it is refused.

    Raises:
        DatabaseError: It is another program's, a newer quorate's, or cannot be written; or it may only be read, and is
            not up to date.
    """
    # All is read before anything is written: a newer quorate's file, or somebody else's, stays as it is.
    with file.reading() as database:
        tables = {name for name in database.table_names() if not name.startswith("sqlite_")}
        _check_ours(database, tables, file.shown)
        found = schema_of(database)
        stale = check_schema(found, file.shown)
        if found is None and not beside_stock:
            _check_not_stock(database, tables, file.shown)
        if not stale:
            _admit(database, sealer, file.shown)
    if file.is_read_only:
        _check_current(found, file.shown, stale=stale)
        return
    file.use_wal()
    if found is not None and stale:
        file.wait_for(PATIENCE)
    with file.transaction() as database:
        if stale:
            # Another process may have been quicker.
            found = schema_of(database)
            if found is None:
                _make(database)
            elif check_schema(found, file.shown):
                migrate(int(found), _MIGRATIONS, _Place(database, file.shown, sealer))
            database.execute("INSERT OR REPLACE INTO quorate_meta VALUES ('schema', ?)", (str(SCHEMA),))
        SqliteLedger.create(database)
        SqliteBlobs.create(database)
        SqliteAccounts.create(database)
        SqliteJournal.create(database)
        _remember(database, sealer, file.shown, empty=stale)
        # Of a file that may only be read SQLite lets a transaction begin, but no statement write, be it nothing.
        database.execute("DELETE FROM quorate_meta WHERE 0")


def schema_of(database: Database) -> str | None:
    """The version that a file names; None where it is new, or not quorate's."""
    if not database["quorate_meta"].exists():
        return None
    row = database.execute("SELECT value FROM quorate_meta WHERE key = 'schema'").fetchone()
    return None if row is None else str(row[0])


def _admit(database: Database, sealer: Sealer, shown: str, *, empty: bool = False) -> tuple[Encryption, Encryption]:
    """How the file is sealed, and how it is from now on.

    Raises:
        DatabaseError: It may not be opened with this sealer.
    """
    row = database.execute("SELECT value FROM quorate_meta WHERE key = ?", (ENCRYPTION,)).fetchone()
    found = Encryption.parse(None if row is None else row[0], shown)
    if not empty:
        # A file from before there were blobs, or a journal, has no table of them yet.
        named = {"quorate_threads", "effects_ledger", "quorate_blobs", "quorate_accounts", "quorate_journal"}
        tables = named & set(database.table_names())
        empty = not any(database.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables)
    return found, admit(found, sealer, empty=empty, shown=shown)


def _remember(database: Database, sealer: Sealer, shown: str, *, empty: bool) -> None:
    found, new = _admit(database, sealer, shown, empty=empty)
    if new != found:
        database.execute("INSERT OR REPLACE INTO quorate_meta VALUES (?, ?)", (ENCRYPTION, new.text))


def _make(database: Database) -> None:
    database.execute("CREATE TABLE IF NOT EXISTS quorate_meta (key TEXT PRIMARY KEY NOT NULL, value TEXT)")
    create_log(database)


def _take_stock_tables_over(place: _Place) -> None:
    """From 1 to 2: the checkpoints were in the tables of LangGraph's own savers."""
    from ..stock.importer import import_all
    from ..stock.sqlite import StockSqlite

    database, shown, sealer = place
    create_log(database)
    with _erasing(database, sealer):
        _seal_rest(database, sealer)
        if {"checkpoints", "writes"} <= set(database.table_names()):
            connection = database.conn
            import_all(StockSqlite(connection, shown), SqliteTransaction(connection, sealer), sealer)
            database.execute("DROP TABLE writes")
            database.execute("DROP TABLE checkpoints")


@contextmanager
def _erasing(database: Database, sealer: Sealer) -> Iterator[None]:
    """Overwrite what is taken out, where rows are sealed: in the freed pages it would stay in plaintext beside them."""
    (secure,) = database.execute("PRAGMA secure_delete").fetchone()
    database.execute(f"PRAGMA secure_delete = {1 if sealer.encrypts else secure}")
    try:
        yield
    finally:
        database.execute(f"PRAGMA secure_delete = {secure}")


def _seal_rest(database: Database, sealer: Sealer) -> None:
    """Seal what an older file has besides checkpoints."""
    if not isinstance(sealer, Keyring):
        return
    SqliteLedger.create(database)
    SqliteBlobs.create(database)
    transition = Transition(sealer, encrypt=True)
    for seal in (SqliteLedger.seal_some, SqliteBlobs.seal_some):
        after: str | None = ""
        while after is not None:
            after = seal(database, transition, after, _ROWS)


_MIGRATIONS = {1: _take_stock_tables_over}
"""What brings a file from each older schema to the next one."""


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


def _check_current(found: str | None, shown: str, *, stale: bool) -> None:
    """Check that a file that may only be read has all tables."""
    if stale:
        raise DatabaseError(
            shown,
            got="a file without quorate's tables" if found is None else f"a database of schema {found}",
            expected=f"schema {SCHEMA}, where the file may only be read",
            fix="copy it into a folder where you may write, and name the copy: it is brought up to date when opened",
        )


def _check_not_stock(database: Database, tables: set[str], shown: str) -> None:
    """Check that the file holds no threads that would not be seen: they are taken over when somebody says so."""
    if "checkpoints" in tables and database.execute("SELECT 1 FROM checkpoints LIMIT 1").fetchone():
        raise DatabaseError(
            shown,
            got="a file of LangGraph's own saver",
            expected="a database of quorate, or a new file",
            fix=f"take its threads over: quorate import-checkpoints {shown} --db sqlite:///new.db, or into the same "
            f"file: quorate import-checkpoints --db {shown}",
        )


def _named(tables: list[str]) -> str:
    shown = ", ".join(tables[:3]) + (f" and {len(tables) - 3} more" if len(tables) > 3 else "")
    return f"the table{'s' * (len(tables) != 1)} {shown}"
