"""StockSource: the databases of an import, opened by their URLs."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing, nullcontext

from ...contracts import missing_extra
from ..address import Address
from ..database import Database, open_database, open_to_read
from ..schema import check_schema
from .tables import StockTables

__all__ = ["open_source", "open_target", "try_target"]


def open_source(url: str) -> AbstractContextManager[StockTables]:
    """The tables of LangGraph's own savers in a database, which is opened to be read only.

    Raises:
        DatabaseError: The database cannot be opened or read, or has no such tables.
        QuorateError: The extra `postgres` is not installed.
    """
    address = Address.parse(url)
    if address.scheme == "sqlite":
        from .sqlite import open_stock_sqlite

        return open_stock_sqlite(address)
    try:
        from .postgres import open_stock_postgres
    except ImportError as error:
        raise missing_extra(error.name or "psycopg", "postgres", address.shown) from error
    return open_stock_postgres(address)


def open_target(url: str) -> Database:
    """The database at `url`, as `open_database` opens it; in a file of LangGraph's own saver, beside its tables.

    Raises:
        DatabaseError: It cannot be opened, cannot be written, or was made by a newer quorate.
        QuorateError: The extra `postgres` is not installed.
    """
    address = Address.parse(url)
    if address.scheme == "sqlite":
        from ..sqlite.database import SqliteDatabase

        return SqliteDatabase(address, beside_stock=True)
    return open_database(url)


def try_target(url: str) -> AbstractContextManager[Database | None]:
    """The database at `url` where opening it changes nothing; None where it is still to be made, or is an older one.

    Raises:
        DatabaseError: It cannot be read, or was made by a newer quorate.
        QuorateError: The extra `postgres` is not installed.
    """
    address = Address.parse(url)
    found = _sqlite_schema(address) if address.scheme == "sqlite" else _postgres_schema(address)
    current = found is not None and not check_schema(found, address.shown)
    return open_to_read(url) if current else nullcontext()


def _sqlite_schema(address: Address) -> str | None:
    from ..sqlite.file import WAIT, explained
    from ..sqlite.read_access import ReadAccess

    if not address.path.exists():
        return None
    with (
        explained(address.shown),
        closing(ReadAccess.of(address.path, address.shown).connect(WAIT)) as connection,
    ):
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'quorate_meta'").fetchone() is None:
            return None
        row = connection.execute("SELECT value FROM quorate_meta WHERE key = 'schema'").fetchone()
        return None if row is None else str(row[0])


def _postgres_schema(address: Address) -> str | None:
    try:
        from ..postgres.schema import schema_of
        from ..postgres.server import PostgresServer
    except ImportError as error:
        raise missing_extra(error.name or "psycopg", "postgres", address.shown) from error
    server = PostgresServer(address)
    try:
        with server.connect() as connection, server.explained():
            return schema_of(connection)
    finally:
        server.close()
