"""Scenarios of time travel: replays, forks, edits, new input at an old checkpoint, deleted threads."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Interrupt, StateUpdate, interrupt
from tests.fakes.graph_player import GraphPlayer, at, thread
from typing_extensions import TypedDict

__all__ = ["SCENARIOS", "Log", "chain", "steps"]

T = thread("t")


class Log(TypedDict, total=False):
    log: Annotated[list[str], operator.add]
    last: str


def steps(*names: str) -> StateGraph[Any, Any, Any, Any]:
    """A graph of nodes one after the other, each of which writes its name and how much it found."""

    def node(name: str) -> Callable[[Log], Log]:
        return lambda state: {"log": [f"{name}{len(state['log'])}"], "last": name}

    builder = StateGraph(Log)
    for name in names:
        builder.add_node(name, node(name))
    return chain(builder, names)


def chain(builder: StateGraph[Any, Any, Any, Any], names: tuple[str, ...]) -> StateGraph[Any, Any, Any, Any]:
    """The builder with its nodes one after the other."""
    for before, after in zip((START, *names), (*names, END), strict=True):
        builder.add_edge(before, after)
    return builder


async def replay(player: GraphPlayer) -> None:
    """A run from an old checkpoint does its rest again, on a branch of its own, as often as one likes."""
    graph = player.compile(steps("a", "b", "c"))
    await graph.invoke({"log": ["in"]}, T)
    history = await graph.history(T)
    for snapshot in (history[2], history[0], history[-1], history[2]):
        await graph.invoke(None, at(snapshot.config))
        await graph.state(T)
    await graph.history(T)


async def fork(player: GraphPlayer) -> None:
    """An edit of an old checkpoint starts a branch, which becomes the newest and goes on by itself."""
    graph = player.compile(steps("a", "b", "c"))
    await graph.invoke({"log": ["in"]}, T)
    history = await graph.history(T)
    forked = await graph.update(at(history[2].config), {"log": ["edited"]})
    await graph.state(at(forked))
    await graph.invoke(None, at(forked))
    await graph.update(at(history[1].config), {"last": "elsewhere"}, as_node="a")
    await graph.invoke(None, T)
    await graph.state(at(history[0].config))
    await graph.history(T)


async def edit_of_the_newest(player: GraphPlayer) -> None:
    """Edits of the newest checkpoint follow each other; one as a node decides what comes next."""
    graph = player.compile(steps("a", "b", "c"))
    await graph.update(T, {"log": ["before any run"]}, as_node=START)
    await graph.invoke({"log": ["in"]}, T)
    await graph.update(T, {"log": ["one"]})
    await graph.update(T, {"log": ["two"]}, as_node="a")
    await graph.invoke(None, T)
    await graph.update(T, None, as_node=END)
    await graph.update(T, None, as_node="__copy__")
    await graph.update(T, {"log": ["as input"]}, as_node="__input__")
    await graph.invoke(None, T)
    await graph.history(T)


async def edits_together(player: GraphPlayer) -> None:
    """Several edits may be made in one call, several of them in one step."""
    graph = player.compile(steps("a", "b", "c"))
    await graph.bulk_update(T, [[StateUpdate({"log": ["seed"]}, "__input__")], [StateUpdate({"log": ["x"]}, "a")]])
    await graph.invoke(None, T)
    await graph.bulk_update(
        T,
        [
            [StateUpdate({"log": ["p"]}, "a"), StateUpdate({"log": ["q"]}, "b")],
            [StateUpdate({"log": ["r"]}, "b")],
        ],
    )
    await graph.invoke(None, T)
    await graph.history(T)


async def new_input_at_an_old_checkpoint(player: GraphPlayer) -> None:
    """A new input at an old checkpoint starts a branch from there; a later run goes on from its end."""
    graph = player.compile(steps("a", "b"))
    await graph.invoke({"log": ["in"]}, T)
    await graph.invoke({"log": ["more"]}, T)
    history = await graph.history(T)
    await graph.invoke({"log": ["again"]}, at(history[3].config))
    await graph.invoke({"log": ["on"]}, T)
    await graph.invoke({"log": ["half"]}, at(history[2].config), interrupt_before=["b"])
    await graph.invoke(None, T)
    await graph.history(T)


async def history_in_parts(player: GraphPlayer) -> None:
    """A history is listed by its metadata, up to a checkpoint, and by number."""
    graph = player.compile(steps("a", "b"))
    for number in range(3):
        await graph.invoke({"log": [str(number)]}, {**T, "metadata": {"turn": number}})
    history = await graph.history(T)
    await graph.history(T, limit=4)
    await graph.history(T, before=at(history[4].config))
    await graph.history(T, before=at(history[4].config), limit=2)
    await graph.history(T, filter={"source": "input"})
    await graph.history(T, filter={"turn": 1})
    await graph.history(T, filter={"turn": 1, "source": "loop", "step": 5})
    await graph.history(T, filter={"turn": 7})


async def deleted_thread(player: GraphPlayer) -> None:
    """A thread that was deleted starts from nothing, and its neighbour keeps what it has."""
    graph = player.compile(steps("a", "b"))
    await graph.invoke({"log": ["in"]}, T)
    await graph.invoke({"log": ["neighbour"]}, thread("u"))
    await player.delete("t")
    await graph.state(T)
    await graph.history(T)
    await graph.invoke({"log": ["new"]}, T)
    await graph.history(T)
    await graph.history(thread("u"))


async def answer_given_again(player: GraphPlayer) -> None:
    """A question that was answered is asked again from before, and answered in another way on another branch."""

    def ask(state: Log) -> Log:
        return {"log": [f"answer {interrupt('which?')}"]}

    builder = StateGraph(Log)
    builder.add_node("a", lambda state: {"log": ["a"], "last": "a"})
    builder.add_node("ask", ask)
    builder.add_node("z", lambda state: {"log": [f"z{len(state['log'])}"], "last": "z"})
    graph = player.compile(chain(builder, ("a", "ask", "z")))
    await graph.invoke({"log": ["in"]}, T)
    await graph.invoke(Command(resume="first"), T)
    history = await graph.history(T)
    asked = next(one for one in history if one.next == ("ask",))
    await graph.state(at(asked.config))
    again = await graph.invoke(None, at(asked.config))
    question: Interrupt = again["__interrupt__"][0]
    await graph.state(T)
    await graph.invoke(Command(resume={question.id: "second"}), T)
    await graph.invoke(Command(resume="third"), at(asked.config))
    await graph.history(T)


SCENARIOS = [
    replay,
    fork,
    edit_of_the_newest,
    edits_together,
    new_input_at_an_old_checkpoint,
    history_in_parts,
    deleted_thread,
    answer_given_again,
]
