"""Standing runs: runs that stand still in their middle node until they are told to go on."""

from __future__ import annotations

import asyncio
import json
import operator
import os
import select
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, Any, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from tests.fakes.graph_player import thread
from tests.fakes.zygote import Zygote
from typing_extensions import TypedDict

from quorate.checkpoints import open_database

__all__ = ["Pause", "Standing", "Turns", "given", "log_of", "stand_here", "stand_in_process", "stand_there", "turns"]

PATIENCE = 60.0
"""How long anything is waited for, in seconds, before the test fails."""


class Turns(TypedDict, total=False):
    name: str
    log: Annotated[list[str], operator.add]


def given(name: str) -> Turns:
    """What a run of that name begins with."""
    return {"name": name, "log": [f"{name} begins"]}


def log_of(*names: str) -> list[str]:
    """What a thread holds after runs of these names, one after the other."""
    return [f"{name} {what}" for name in names for what in ("begins", "first", "middle", "last")]


def turns(middle: Callable[[str], None] = lambda name: None) -> StateGraph[Any, Any, Any, Any]:
    """Three nodes one after the other; in the middle one `middle` is called with the name of the run."""

    def node(what: str) -> Any:
        def work(state: Turns) -> Turns:
            if what == "middle":
                middle(state["name"])
            return {"log": [f"{state['name']} {what}"]}

        return work

    builder = StateGraph(Turns)
    for what in ("first", "middle", "last"):
        builder.add_node(what, node(what))
    builder.add_edge(START, "first").add_edge("first", "middle").add_edge("middle", "last").add_edge("last", END)
    return builder


class Pause:
    """Where runs of one name stand still; others pass."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._here = Event()
        self._go = Event()

    def __call__(self, name: str) -> None:
        if name == self._name:
            self._here.set()
            assert self._go.wait(PATIENCE)

    def reached(self) -> None:
        """Wait until the run stands here."""
        assert self._here.wait(PATIENCE)

    def go_on(self) -> None:
        """Let it go on."""
        self._go.set()


class Standing(Protocol):
    """A run that stands still."""

    def end(self) -> Any:
        """Let it go on; the log that it ends with, or its error."""
        ...


class _Here:
    def __init__(self, saver: BaseCheckpointSaver[Any], name: str, durability: Any, is_async: bool) -> None:
        self._pause = Pause(name)
        self._result: Future[Any] = Future()
        graph = turns(self._pause).compile(checkpointer=saver)

        def run() -> None:
            try:
                if is_async:
                    found = asyncio.run(graph.ainvoke(given(name), thread(), durability=durability))
                else:
                    found = graph.invoke(given(name), thread(), durability=durability)
                self._result.set_result(found["log"])
            except BaseException as error:
                self._result.set_exception(error)

        Thread(target=run, daemon=True).start()
        self._pause.reached()

    def end(self) -> Any:
        self._pause.go_on()
        return self._result.result(PATIENCE)


def stand_here(saver: BaseCheckpointSaver[Any], name: str, durability: str, *, is_async: bool) -> Standing:
    """A run in this process, on a thread or an event loop of its own."""
    return _Here(saver, name, durability, is_async)


class _There:
    def __init__(self, zygote: Zygote, folder: Path, url: str, name: str, durability: str, is_async: bool) -> None:
        self._zygote, self._folder = zygote, folder
        for pipe in ("here", "go"):
            os.mkfifo(folder / pipe)
        here = os.open(folder / "here", os.O_RDWR)
        self.process = zygote.start("stand_in_process", url, str(folder), name, durability, is_async)
        assert select.select([here], [], [], PATIENCE)[0]
        assert os.read(here, 100) == b"here"
        os.close(here)

    def end(self) -> Any:
        (self._folder / "go").write_text("go")
        assert self._zygote.wait(self.process) == 0
        return json.loads((self._folder / "log").read_text())


def stand_there(zygote: Zygote, folder: Path, url: str, name: str, durability: str, *, is_async: bool) -> _There:
    """A run in a process of its own; its id is `process`."""
    return _There(zygote, folder, url, name, durability, is_async)


def stand_in_process(url: str, folder: str, name: str, durability: Any, is_async: bool) -> None:
    """A run in this process, which says in a folder where it stands, and waits there for the word to go on."""

    def middle(_: str) -> None:
        Path(folder, "here").write_text("here")
        Path(folder, "go").read_text()

    async def run(saver: BaseCheckpointSaver[Any]) -> Any:
        return await turns(middle).compile(checkpointer=saver).ainvoke(given(name), thread(), durability=durability)

    with open_database(url) as database, database.saver() as saver:
        if is_async:
            found = asyncio.run(run(saver))
        else:
            found = turns(middle).compile(checkpointer=saver).invoke(given(name), thread(), durability=durability)
    Path(folder, "log").write_text(json.dumps(found["log"]))


# Children are forked from a process that has imported all that a run needs.
assert turns().compile(checkpointer=InMemorySaver()).invoke(given("a"), thread())["log"] == log_of("a")
