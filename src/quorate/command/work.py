"""Work: the items of an inbox through a graph, each on its thread, several at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langgraph.errors import GraphDrained

from ..checkpoints.standing import GRAPH, INPUT, TEAM, TENANT
from ..contracts import QuorateError, StaleThreadError
from ..graphs import Drain
from .item import Item, Unreadable
from .outcome import BUSY, Outcome
from .thread_view import ThreadView, aread_view

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

    from ..graphs import Supervisor

__all__ = ["Work"]

_AGAIN = ("unsettled", "halted", "rejected")


@dataclass
class Work:
    """The items of an inbox through a graph."""

    supervisor: Supervisor
    """The team."""
    graph: str
    """GRAPH, as it was given; recorded with each checkpoint."""
    saver: BaseCheckpointSaver[str]
    """Where the threads are kept."""
    drain: Drain
    """The wish to stop."""
    retry: bool = False
    """Whether a thread that ended unsettled, halted or rejected gets a new turn."""
    tenant: str = ""
    """On whose account it runs; empty for nobody's."""

    def __post_init__(self) -> None:
        self._compiled: CompiledStateGraph[Any, Any, Any, Any] = self.supervisor.compile(checkpointer=self.saver)
        self._seen: dict[str, str] = {}

    async def run(self, items: Iterator[Item | Unreadable], concurrency: int, done: Callable[[Outcome], None]) -> None:
        """Work off the items; `done` is called with each outcome, in the order of ending.

        After a stop is requested no item is begun; what is not begun then stays in `items`.
        """

        async def worker() -> None:
            while not self.drain.requested:
                item = next(items, None)
                if item is None:
                    return
                done(await self._outcome(item))

        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(concurrency):
                    workers.create_task(worker())
        except BaseExceptionGroup as group:  # of `done`: what a graph raises is an outcome
            raise group.exceptions[0] from None

    async def _outcome(self, item: Item | Unreadable) -> Outcome:
        if isinstance(item, Unreadable):
            return Outcome.of_unreadable(item)
        if item.thread in self._seen:
            return Outcome(item.where, "repeated", f"the same as {self._seen[item.thread]}", thread=item.thread)
        self._seen[item.thread] = item.where
        try:
            return await self._on_thread(item)
        except Exception as error:
            return await self._failed(item, error)

    async def _on_thread(self, item: Item) -> Outcome:
        before = await aread_view(self.saver, item.thread)
        if before is not None and before.team not in ("", self.supervisor.name):
            return Outcome(
                item.where,
                "failed",
                f"the thread belongs to the team {before.team!r}, not to {self.supervisor.name!r}",
                "use another database: --db sqlite:///other.db",
                item.thread,
                view=before,
            )
        if before is None or (self.retry and before.status in _AGAIN):
            return await self._invoke(item, {"request": item.request}, self.tenant)
        if before.status == "unfinished":
            return await self._invoke(item, None, self.tenant or before.tenant)
        return Outcome.of_view(item.where, before, ran=False)

    async def _invoke(self, item: Item, given: dict[str, Any] | None, tenant: str) -> Outcome:
        config: RunnableConfig = {
            "configurable": {"thread_id": item.thread, "tenant": tenant},
            "metadata": {
                GRAPH: self.graph,
                TEAM: self.supervisor.name,
                INPUT: item.where,
                **({TENANT: tenant} if tenant else {}),
            },
        }
        with self.drain.control() as control:
            try:
                await self._compiled.ainvoke(given, config, durability="sync", control=control)
            except GraphDrained:
                reason = "stopped after the step in hand"
                return Outcome(item.where, "stopped", reason, "run again: it goes on", item.thread, ran=True)
        return Outcome.of_view(item.where, await self._view(item.thread), ran=True)

    async def _view(self, thread: str) -> ThreadView:
        view = await aread_view(self.saver, thread)
        if view is None:
            raise QuorateError(
                f"thread {thread}", got="no checkpoint", expected="the one just written", fix="check the database"
            )
        return view

    async def _failed(self, item: Item, error: Exception) -> Outcome:
        reason = f"{type(error).__name__}: {error}"
        fix = "correct the cause and run again: the failed step is tried again"
        if isinstance(error, QuorateError):
            reason, fix = f"{error.where}: got {error.got}; expected {error.expected}", error.fix
        try:
            view = await aread_view(self.saver, item.thread)
        except Exception:  # the database itself may be what failed
            view = None
        if isinstance(error, StaleThreadError):  # that it is another's is no failure
            return Outcome(item.where, "unfinished", error.got, BUSY, item.thread, False, view)
        return Outcome(item.where, "failed", reason, fix, item.thread, True, view)
