"""Races: runs of one thread that have all read it before the first of them writes."""

from __future__ import annotations

import asyncio
import json
import operator
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from threading import Barrier, Thread
from typing import Annotated, Any

from langchain_core.runnables import RunnableConfig
from langgraph.channels import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from tests.fakes.delegating_saver import DelegatingSaver
from tests.fakes.graph_player import thread
from typing_extensions import TypedDict

from quorate.checkpoints import open_database
from quorate.contracts import StaleThreadError

__all__ = ["MeetingSaver", "Outcome", "after", "arrive", "race", "race_in_process", "race_in_tasks", "race_in_threads"]

Outcome = dict[str, Any]
"""`name` of a run, and its `result`, or the `error` with its four parts, or any other error as `failure`."""

Meeting = Callable[[], Awaitable[None] | None]
"""Waits for the other runs of a race."""

PAUSE = 0.003
"""How long a node works, in seconds."""


def joined(state: list[str], writes: Sequence[list[str]]) -> list[str]:
    return [*state, *(part for write in writes for part in write)]


class Turns(TypedDict, total=False):
    name: str
    log: Annotated[list[str], operator.add]
    talk: Annotated[list[str], DeltaChannel(joined, snapshot_frequency=4)]


def _step(name: str) -> Any:
    def node(state: Turns) -> Turns:
        time.sleep(PAUSE)
        return {"log": [f"{state['name']} {name}"], "talk": [f"{state['name']} says {name}"]}

    return node


def _ask(state: Turns) -> Turns:
    answer = interrupt("who?")
    time.sleep(PAUSE)
    return {"log": [f"{answer} answers"], "talk": [f"{answer} answers"]}


def _inner(name: str) -> Any:
    class Own(TypedDict, total=False):
        name: str
        seen: Annotated[list[str], operator.add]
        log: list[str]
        talk: list[str]

    def remember(state: Own) -> Own:
        time.sleep(PAUSE)
        return {"seen": [state["name"]]}

    def tell(state: Own) -> Own:
        time.sleep(PAUSE)
        return {"log": [f"{name} has seen {' '.join(state['seen'])}"], "talk": [f"{name} tells {state['name']}"]}

    builder = StateGraph(Own)
    builder.add_node("remember", remember).add_node("tell", tell)
    builder.add_edge(START, "remember").add_edge("remember", "tell").add_edge("tell", END)
    return builder.compile(checkpointer=True)


def race(kind: str) -> StateGraph[Any, Any, Any, Any]:
    """A graph to race on: `plain` steps, a `question` between two, or first a subgraph with a `memory` of its own."""
    builder = StateGraph(Turns)
    names = {"plain": ("a", "b", "c"), "question": ("a", "ask", "c"), "memory": ("inner", "b")}[kind]
    for name in names:
        builder.add_node(name, _ask if name == "ask" else _inner(name) if name == "inner" else _step(name))
    for before, after_it in zip((START, *names), (*names, END), strict=True):
        builder.add_edge(before, after_it)
    builder.add_edge(START, "beside").add_node("beside", _step("beside"))
    return builder


def arrive(name: str, answer_to: str | None) -> Any:
    """What a run of that name begins with: a turn, or its answer to a question."""
    if answer_to is not None:
        return Command(resume={answer_to: name})
    return {"name": name, "log": [f"{name} in"], "talk": [f"{name} begins"]}


class MeetingSaver(DelegatingSaver):
    """Lets its run go on with what it has read when all others have read too."""

    def __init__(self, saver: BaseCheckpointSaver[Any], meet: Meeting) -> None:
        super().__init__(saver)
        self._meet: Meeting | None = meet

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        found = self.inner.get_tuple(config)
        meet, self._meet = self._meet, None
        if meet is not None:
            meet()
        return found

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        found = await self.inner.aget_tuple(config)
        meet, self._meet = self._meet, None
        if meet is not None and (meeting := meet()) is not None:
            await meeting
        return found


def _outcome(name: str, error: Exception) -> Outcome:
    if isinstance(error, StaleThreadError):
        parts = {"where": error.where, "got": error.got, "expected": error.expected, "fix": error.fix}
        return {"name": name, "error": parts}
    return {"name": name, "failure": f"{type(error).__name__}: {error}"}


def race_in_threads(url: str, kind: str, names: list[str], answer_to: str | None) -> list[Outcome]:
    """Runs on threads of this process, on one handle."""
    barrier = Barrier(len(names), timeout=60)
    outcomes: list[Outcome] = []

    def run(name: str, saver: BaseCheckpointSaver[Any]) -> None:
        graph = race(kind).compile(checkpointer=MeetingSaver(saver, lambda: barrier.wait() and None))
        try:
            outcomes.append({"name": name, "result": graph.invoke(arrive(name, answer_to), thread())})
        except Exception as error:
            outcomes.append(_outcome(name, error))

    with open_database(url) as database, database.saver() as saver:
        threads = [Thread(target=run, args=(name, saver)) for name in names]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    return outcomes


async def _run(name: str, saver: BaseCheckpointSaver[Any], meet: Meeting, kind: str, answer_to: str | None) -> Outcome:
    graph = race(kind).compile(checkpointer=MeetingSaver(saver, meet))
    try:
        return {"name": name, "result": await graph.ainvoke(arrive(name, answer_to), thread())}
    except Exception as error:
        return _outcome(name, error)


def race_in_tasks(url: str, kind: str, names: list[str], answer_to: str | None) -> list[Outcome]:
    """Runs as tasks of one event loop, on one handle."""

    async def main() -> list[Outcome]:
        everybody, here = asyncio.Event(), 0

        async def meet() -> None:
            nonlocal here
            here += 1
            if here == len(names):
                everybody.set()
            await everybody.wait()

        with open_database(url) as database:
            async with database.asaver() as saver:
                return await asyncio.gather(*(_run(name, saver, meet, kind, answer_to) for name in names))

    return asyncio.run(main())


def race_in_process(url: str, kind: str, name: str, answer_to: str | None, folder: str, others: int) -> None:
    """One run in this process, which meets those of other processes in a folder; its outcome is written there too."""

    def meet() -> None:
        Path(folder, f"{name}.here").touch()
        while len(list(Path(folder).glob("*.here"))) < others:
            time.sleep(0.001)

    async def main() -> Outcome:
        with open_database(url) as database:
            async with database.asaver() as saver:
                return await _run(name, saver, meet, kind, answer_to)

    outcome = asyncio.run(main())
    Path(folder, f"{name}.json").write_text(json.dumps(outcome, default=repr))


def after(kind: str, names: Sequence[str]) -> BaseCheckpointSaver[Any]:
    """A saver in memory after runs of these names, one after the other; a question is answered by the next name."""
    saver = InMemorySaver()
    graph = race(kind).compile(checkpointer=saver)
    asked = None
    for name in names:
        result = graph.invoke(arrive(name, asked), thread())
        asked = result["__interrupt__"][0].id if "__interrupt__" in result else None
    return saver


# Children are forked from a process that has imported all that a run needs.
after("memory", ["warm"])
