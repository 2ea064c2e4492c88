"""The stock SQLite savers, opened on a file with durable commits and data-only rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING

from .serializer import DataSerializer
from .sqlite_file import WAIT, SqliteFile
from .thread import Thread, time_of

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

__all__ = ["create_checkpoints", "list_threads", "open_async_saver", "open_saver"]


@contextmanager
def open_saver(file: SqliteFile) -> Iterator[BaseCheckpointSaver[str]]:
    """A saver for `invoke` and `stream`, on a connection of its own."""
    from langgraph.checkpoint.sqlite import SqliteSaver

    with file.explained():
        connection = file.connect()
    with closing(connection):
        yield SqliteSaver(connection, serde=DataSerializer())


@asynccontextmanager
async def open_async_saver(file: SqliteFile) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """A saver for `ainvoke` and `astream`, on a connection of its own; runs take turns on it."""
    import aiosqlite
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    async with aiosqlite.connect(file.path, timeout=WAIT) as connection:
        await connection.execute("PRAGMA synchronous=FULL")
        yield AsyncSqliteSaver(connection, serde=DataSerializer())


def create_checkpoints(file: SqliteFile) -> None:
    """Make the savers' tables."""
    from langgraph.checkpoint.sqlite import SqliteSaver

    with file.explained(), closing(file.connect()) as connection:
        SqliteSaver(connection).setup()


def list_threads(file: SqliteFile, limit: int | None) -> list[Thread]:
    """The threads that have a checkpoint, newest first."""
    with file.reading() as database:
        found = database.execute(
            "SELECT thread_id, MAX(checkpoint_id) FROM checkpoints WHERE checkpoint_ns = ''"
            " GROUP BY thread_id ORDER BY 2 DESC, 1 LIMIT ?",
            (-1 if limit is None else limit,),
        ).fetchall()
    return [Thread(thread, time_of(checkpoint)) for thread, checkpoint in found]
