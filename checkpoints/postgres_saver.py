"""The stock Postgres savers, opened on a database with data-only rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection, Connection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from .postgres_server import CONNECTIONS, PostgresServer
from .serializer import DataSerializer
from .thread import Thread, time_of

__all__ = ["NEWEST", "create_checkpoints", "list_threads", "open_async_saver", "open_saver"]

NEWEST = len(PostgresSaver.MIGRATIONS) - 1
"""Version of the savers' tables that this LangGraph needs."""


@contextmanager
def open_saver(server: PostgresServer) -> Iterator[BaseCheckpointSaver[str]]:
    """A saver for `invoke` and `stream`, on a connection of its own."""
    with server.connect() as connection:
        yield PostgresSaver(connection, serde=DataSerializer())


@asynccontextmanager
async def open_async_saver(server: PostgresServer) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """A saver for `ainvoke` and `astream`, on a pool of its own; runs go on side by side."""
    pool = AsyncConnectionPool(
        server.address.url,
        connection_class=AsyncConnection[DictRow],
        kwargs=server.settings,
        min_size=1,
        max_size=CONNECTIONS,
        open=False,
    )
    async with pool:
        saver = AsyncPostgresSaver(pool, serde=DataSerializer())
        # The stock lock lets one operation at a time through, which a single connection needs and a pool does not.
        # As many as there are connections, so that what waits does so here and not on the pool's time-out.
        saver.lock = cast(asyncio.Lock, asyncio.Semaphore(CONNECTIONS))
        yield saver


def create_checkpoints(connection: Connection[DictRow]) -> None:
    """Make the savers' tables, or bring them up to date."""
    PostgresSaver(connection).setup()


def list_threads(connection: Connection[DictRow], limit: int | None) -> list[Thread]:
    """The threads that have a checkpoint, newest first."""
    found = connection.execute(
        "SELECT thread_id, max(checkpoint_id) AS checkpoint_id FROM checkpoints WHERE checkpoint_ns = ''"
        " GROUP BY thread_id ORDER BY 2 DESC, 1 LIMIT %s",
        (limit,),
    ).fetchall()
    return [Thread(row["thread_id"], time_of(row["checkpoint_id"])) for row in found]
