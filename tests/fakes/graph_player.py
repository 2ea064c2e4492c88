"""GraphPlayer: plays a scenario on a saver's sync or async face, keeping all that it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import StateSnapshot
from tests.fakes.transcript import numbered, plain, plain_rows

__all__ = ["GraphPlayer", "Played", "Scenario", "at", "thread"]


def thread(name: str = "t") -> RunnableConfig:
    """The newest checkpoint of a thread."""
    return {"configurable": {"thread_id": name}}


def at(config: RunnableConfig) -> RunnableConfig:
    """One checkpoint, by what names it and nothing else."""
    keys = ("thread_id", "checkpoint_ns", "checkpoint_id")
    return {"configurable": {key: config["configurable"][key] for key in keys if key in config["configurable"]}}


class Played:
    """A compiled graph whose every answer goes into the player's transcript."""

    def __init__(self, graph: Any, player: GraphPlayer) -> None:
        self._graph = graph
        self._player = player

    async def invoke(self, value: Any, config: RunnableConfig, **options: Any) -> Any:
        """The run's result, or its error as `Type: text`."""
        try:
            if self._player.is_async:
                result = await self._graph.ainvoke(value, config, **options)
            else:
                result = self._graph.invoke(value, config, **options)
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
        return self._player.note("invoke", result)

    async def state(self, config: RunnableConfig, *, subgraphs: bool = False) -> StateSnapshot:
        if self._player.is_async:
            found = await self._graph.aget_state(config, subgraphs=subgraphs)
        else:
            found = self._graph.get_state(config, subgraphs=subgraphs)
        return self._player.note("state", found)

    async def history(self, config: RunnableConfig, **options: Any) -> list[StateSnapshot]:
        if self._player.is_async:
            found = [one async for one in self._graph.aget_state_history(config, **options)]
        else:
            found = list(self._graph.get_state_history(config, **options))
        ids = [one.config["configurable"]["checkpoint_id"] for one in found]
        assert ids == sorted(ids, reverse=True)
        return self._player.note("history", found)

    async def update(self, config: RunnableConfig, values: Any, **options: Any) -> RunnableConfig:
        if self._player.is_async:
            return await self._graph.aupdate_state(config, values, **options)
        return self._graph.update_state(config, values, **options)

    async def bulk_update(self, config: RunnableConfig, steps: Sequence[Sequence[Any]]) -> RunnableConfig:
        if self._player.is_async:
            return await self._graph.abulk_update_state(config, steps)
        return self._graph.bulk_update_state(config, steps)


class GraphPlayer:
    """One saver, driven by one of its faces.

    Args:
        saver: The saver.
        is_async: Whether its async methods are used.
    """

    def __init__(self, saver: BaseCheckpointSaver[Any], *, is_async: bool) -> None:
        self.saver = saver
        self.is_async = is_async
        self._notes: list[tuple[str, Any]] = []

    def compile(self, builder: Any, **options: Any) -> Played:
        """The graph on this saver."""
        return self.play(builder.compile(checkpointer=self.saver, **options))

    def play(self, graph: Any) -> Played:
        """A graph that was compiled on this saver in another way."""
        return Played(graph, self)

    def note(self, what: str, value: Any) -> Any:
        """Keep the value as it is now in the transcript, and give it back."""
        self._notes.append((what, plain(value)))
        return value

    async def delete(self, name: str) -> None:
        if self.is_async:
            await self.saver.adelete_thread(name)
        else:
            self.saver.delete_thread(name)

    async def transcript(self, *names: str) -> list[Any]:
        """All that was noted, and every row of the threads as the saver lists it; ids are numbers."""
        for name in names:
            if self.is_async:
                rows = [row async for row in self.saver.alist(thread(name))]
            else:
                rows = list(self.saver.list(thread(name)))
            self._notes.append(("rows", plain_rows(rows)))
        ids: dict[str, str] = {}
        return [[what, numbered(value, ids)] for what, value in self._notes]


class Scenario(Protocol):
    """A script of runs, updates and questions about states, the same for every saver. It plays on the thread `t`."""

    __name__: str

    async def __call__(self, player: GraphPlayer) -> None: ...
