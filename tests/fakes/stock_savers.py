"""LangGraph's own savers on a database, and a player who moves from one of them to quorate's in the middle."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from tests.fakes.delegating_saver import DelegatingSaver
from tests.fakes.graph_player import GraphPlayer, Played

from quorate.checkpoints.address import Address
from quorate.checkpoints.stock.tables import StockTables

__all__ = ["MovingPlayer", "StockPlayer", "stock_saver", "stock_tables", "sync_stock_saver"]


@contextmanager
def sync_stock_saver(url: str) -> Iterator[BaseCheckpointSaver[Any]]:
    """LangGraph's own sync saver on a database of this URL."""
    if url.startswith("sqlite"):
        from langgraph.checkpoint.sqlite import SqliteSaver

        with SqliteSaver.from_conn_string(url.removeprefix("sqlite:///")) as saver:
            yield saver
        return
    from langgraph.checkpoint.postgres import PostgresSaver

    with PostgresSaver.from_conn_string(url) as postgres_saver:
        postgres_saver.setup()
        yield postgres_saver


@asynccontextmanager
async def stock_saver(url: str, *, is_async: bool) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """LangGraph's own saver on a database of this URL: the sync or the async one."""
    if not is_async:
        with sync_stock_saver(url) as saver:
            yield saver
    elif url.startswith("sqlite"):
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

        async with AsyncSqliteSaver.from_conn_string(url.removeprefix("sqlite:///")) as asaver:
            yield asaver
    else:
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

        async with AsyncPostgresSaver.from_conn_string(url) as postgres_asaver:
            await postgres_asaver.setup()
            yield postgres_asaver


def stock_tables(url: str) -> AbstractContextManager[StockTables]:
    """The tables that such a saver has made."""
    if url.startswith("sqlite"):
        from quorate.checkpoints.stock.sqlite import open_stock_sqlite

        return open_stock_sqlite(Address.parse(url))
    from quorate.checkpoints.stock.postgres import open_stock_postgres

    return open_stock_postgres(Address.parse(url))


class _MovingSaver(DelegatingSaver):
    """A saver in whose place another one can be put; it can delete threads too."""

    def delete_thread(self, thread_id: str) -> None:
        self.inner.delete_thread(thread_id)

    async def adelete_thread(self, thread_id: str) -> None:
        await self.inner.adelete_thread(thread_id)


class _Patient(Played):
    """A graph whose checkpoints are stored before it goes on.

    A stock saver in the background stores some values as the next step has already changed them.
    """

    async def invoke(self, value: Any, config: RunnableConfig, **options: Any) -> Any:
        return await super().invoke(value, config, **{"durability": "sync", **options})


class StockPlayer(GraphPlayer):
    """Plays on a stock saver."""

    def __init__(self, saver: BaseCheckpointSaver[Any], *, is_async: bool) -> None:
        self._moving = _MovingSaver(saver)
        super().__init__(self._moving, is_async=is_async)

    def play(self, graph: Any) -> Played:
        return _Patient(graph, self)


class MovingPlayer(StockPlayer):
    """Plays on a stock saver, and after some runs on quorate's.

    Args:
        stock: LangGraph's own saver.
        own: Quorate's.
        move: What takes the threads over from one to the other.
        after: After how many runs.
        is_async: Whether their async methods are used.
    """

    def __init__(
        self,
        stock: BaseCheckpointSaver[Any],
        own: BaseCheckpointSaver[Any],
        move: Callable[[], None],
        *,
        after: int,
        is_async: bool,
    ) -> None:
        super().__init__(stock, is_async=is_async)
        self._own, self._move, self._left = own, move, after

    def note(self, what: str, value: Any) -> Any:
        """Keep the value, and move when it is time to."""
        super().note(what, value)
        if what == "invoke":
            self._left -= 1
            if self._left == 0:
                self._move()
                self._moving.inner = self._own
        return value
