"""PostgresSchema: quorate's tables in a Postgres database, checked, made, and brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..schema import SCHEMA, check_schema, migrate
from ..sealing.encryption import ENCRYPTION, Encryption, Transition, admit
from ..sealing.seal import Keyring, Sealer
from .accounts import PostgresAccounts
from .blobs import PostgresBlobs
from .journal import PostgresJournal
from .ledger import PostgresLedger
from .log import create_log
from .server import PostgresServer

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

__all__ = ["prepare", "schema_of"]

_PATIENCE = 600.0
"""How long an open waits for another process that brings the database up to date, in seconds."""

_ROWS = 256
"""How many rows are sealed at a time."""
_TABLES = ("quorate_meta", "effects_ledger", "quorate_blobs", "quorate_accounts", "quorate_journal", "quorate_threads")


class _Place(NamedTuple):
    """What a migration works on, within its transaction."""

    connection: Connection[DictRow]
    server: PostgresServer
    sealer: Sealer


def prepare(server: PostgresServer, sealer: Sealer) -> None:
    """Make the tables that are missing, and bring those of an older schema up to date.

    Args:
        server: The database.
        sealer: What seals the rows of an older one.

    Raises:
        DatabaseError: A newer quorate made it, or it cannot be written.
    """
    with server.connect() as connection, server.explained():
        if not _missing(server, connection):  # then this user need not have the right to make any
            found, new = _admit(server, connection, sealer)
            if new == found:
                return
        with server.making_tables(connection, _PATIENCE), connection.transaction():
            older = schema_of(connection) != str(SCHEMA)
            if _missing(server, connection):  # another process may have been quicker
                _make(server, connection, sealer)
            found, new = _admit(server, connection, sealer, empty=older)
            if new != found:
                _remember(connection, ENCRYPTION, new.text)


def _admit(
    server: PostgresServer, connection: Connection[DictRow], sealer: Sealer, *, empty: bool = False
) -> tuple[Encryption, Encryption]:
    """How the database is sealed, and how it is from now on.

    Raises:
        DatabaseError: It may not be opened with this sealer.
    """
    row = connection.execute("SELECT value FROM quorate_meta WHERE key = %s", (ENCRYPTION,)).fetchone()
    found = Encryption.parse(None if row is None else row["value"], server.shown)
    if not empty:
        tables = [name for name in _TABLES if name != "quorate_meta" and _there(connection, name)]
        rows = (connection.execute(f"SELECT 1 AS one FROM {table} LIMIT 1".encode()).fetchone() for table in tables)
        empty = all(row is None for row in rows)
    return found, admit(found, sealer, empty=empty, shown=server.shown)


def _make(server: PostgresServer, connection: Connection[DictRow], sealer: Sealer) -> None:
    found = schema_of(connection)
    connection.execute("CREATE TABLE IF NOT EXISTS quorate_meta (key text PRIMARY KEY, value text)")
    PostgresLedger.create(connection)
    PostgresBlobs.create(connection)
    PostgresAccounts.create(connection)
    PostgresJournal.create(connection)
    create_log(connection)
    if found is not None:
        migrate(int(found), _MIGRATIONS, _Place(connection, server, sealer))
    _remember(connection, "schema", str(SCHEMA))


def _remember(connection: Connection[DictRow], name: str, value: str | None) -> None:
    connection.execute(
        "INSERT INTO quorate_meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def _missing(server: PostgresServer, connection: Connection[DictRow]) -> bool:
    """Whether tables are still to be made or changed."""
    if check_schema(schema_of(connection), server.shown):
        return True
    return not (all(_there(connection, name) for name in _TABLES) and PostgresLedger.is_current(connection))


def schema_of(connection: Connection[DictRow]) -> str | None:
    """The version that a database names; None where it is new."""
    if not _there(connection, "quorate_meta"):
        return None
    row = connection.execute("SELECT value FROM quorate_meta WHERE key = 'schema'").fetchone()
    return None if row is None else str(row["value"])


def _there(connection: Connection[DictRow], table: str) -> bool:
    return connection.execute("SELECT to_regclass(%s) IS NOT NULL AS there", (table,)).fetchone() == {"there": True}


def _take_stock_tables_over(place: _Place) -> None:
    """From 1 to 2: the checkpoints were in the tables of LangGraph's own savers."""
    from ..stock.importer import import_all
    from ..stock.postgres import StockPostgres
    from .array import register
    from .transaction import PostgresTransaction

    connection, server, sealer = place
    _seal_rest(connection, sealer)
    if not _there(connection, "checkpoints"):
        return
    register(connection.adapters)
    import_all(StockPostgres(connection, server), PostgresTransaction(connection, sealer), sealer)
    connection.execute("DROP TABLE checkpoints, checkpoint_blobs, checkpoint_writes, checkpoint_migrations")


def _seal_rest(connection: Connection[DictRow], sealer: Sealer) -> None:
    """Seal what an older database has besides checkpoints."""
    if not isinstance(sealer, Keyring):
        return
    transition = Transition(sealer, encrypt=True)
    for seal in (PostgresLedger.seal_some, PostgresBlobs.seal_some):
        after: str | None = ""
        while after is not None:
            after = seal(connection, transition, after, _ROWS)


_MIGRATIONS = {1: _take_stock_tables_over}
"""What brings a database from each older schema to the next one."""
