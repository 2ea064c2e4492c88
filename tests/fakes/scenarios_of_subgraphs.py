"""Scenarios of graphs in graphs: plain ones, such that remember, nested ones, with questions and time travel inside."""

from __future__ import annotations

from typing import Any

from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send, interrupt
from tests.fakes.graph_player import GraphPlayer, Played, at, thread
from tests.fakes.scenarios_of_time import Log, chain

__all__ = ["SCENARIOS"]

T = thread("t")


def _say(name: str) -> Any:
    return lambda state: {"log": [f"{name}{len(state.get('log', []))}"], "last": name}


def _ask(name: str) -> Any:
    return lambda state: {"log": [f"{name}: {interrupt({'who': name})}"]}


def inner(*nodes: tuple[str, Any]) -> StateGraph[Any, Any, Any, Any]:
    """A graph of the given nodes one after the other."""
    builder = StateGraph(Log)
    for name, node in nodes:
        builder.add_node(name, node)
    return chain(builder, tuple(name for name, _ in nodes))


def around(player: GraphPlayer, sub: Any) -> Played:
    """A node, the subgraph, a node."""
    return player.compile(inner(("before", _say("before")), ("sub", sub), ("after", _say("after"))))


async def subgraph(player: GraphPlayer) -> None:
    """A plain subgraph runs within a step of its parent, in each turn anew, and again in a replay."""
    graph = around(player, inner(("x", _say("x")), ("y", _say("y"))).compile())
    await graph.invoke({"log": ["in"]}, T)
    await graph.invoke({"log": ["more"]}, T)
    history = await graph.history(T)
    before = next(one for one in history if one.next == ("sub",))
    await graph.state(at(before.config), subgraphs=True)
    await graph.invoke(None, at(before.config))
    await graph.update(at(before.config), {"log": ["edited"]})
    await graph.invoke(None, T)
    await graph.history(T)


async def subgraph_that_remembers(player: GraphPlayer) -> None:
    """A subgraph with a memory of its own goes on from it in the next turn."""

    class Own(Log):
        total: int

    builder = StateGraph(Own)
    builder.add_node("count", lambda state: {"total": state.get("total", 0) + len(state["log"])})
    builder.add_node("tell", lambda state: {"log": [f"total {state['total']}"]})
    graph = around(player, chain(builder, ("count", "tell")).compile(checkpointer=True))
    for text in ("in", "more", "most"):
        await graph.invoke({"log": [text]}, T)
    history = await graph.history(T)
    await graph.invoke(None, at(history[3].config))
    await graph.invoke({"log": ["at last"]}, T)
    await graph.history(T)


async def question_in_a_subgraph(player: GraphPlayer) -> None:
    """A question inside a subgraph is seen from outside, with the subgraph's state, and answered from outside."""
    graph = around(player, inner(("x", _say("x")), ("ask", _ask("ask")), ("y", _say("y"))).compile())
    await graph.invoke({"log": ["in"]}, T)
    await graph.state(T)
    await graph.state(T, subgraphs=True)
    await graph.invoke(Command(resume="yes"), T)
    await graph.history(T)


async def subgraph_edited_while_it_waits(player: GraphPlayer) -> None:
    """The state of a subgraph that waits may be edited in its own namespace."""
    graph = around(player, inner(("x", _say("x")), ("ask", _ask("ask")), ("y", _say("y"))).compile())
    await graph.invoke({"log": ["in"]}, T)
    waiting = await graph.state(T, subgraphs=True)
    inside: Any = waiting.tasks[0].state
    await graph.history(inside.config)
    edited = await graph.update(inside.config, {"log": ["edited inside"]})
    await graph.state(edited)
    await graph.invoke(None, T)
    await graph.state(T, subgraphs=True)
    await graph.invoke(Command(resume="yes"), T)
    await graph.history(T)


async def question_in_a_subgraph_that_remembers(player: GraphPlayer) -> None:
    """A question in a subgraph with its own memory is asked and answered turn by turn, and asked again by a replay."""
    sub = inner(("x", _say("x")), ("ask", _ask("ask")), ("y", _say("y"))).compile(checkpointer=True)
    graph = around(player, sub)
    for turn in ("one", "two"):
        await graph.invoke({"log": [turn]}, T)
        await graph.state(T, subgraphs=True)
        await graph.invoke(Command(resume=f"answer {turn}"), T)
    history = await graph.history(T)
    asked = next(one for one in history if one.next == ("sub",))
    await graph.invoke(None, at(asked.config))
    await graph.invoke(Command(resume="another answer"), T)
    await graph.history(T)


async def question_two_levels_down(player: GraphPlayer) -> None:
    """Questions two levels down are answered one after the other; an edit of the middle level starts a branch there."""
    deep = inner(("p", _say("p")), ("q", _ask("q")), ("r", _ask("r"))).compile()
    middle = inner(("m", _say("m")), ("deep", deep), ("n", _say("n"))).compile()
    graph = around(player, middle)
    await graph.invoke({"log": ["in"]}, T)
    waiting = await graph.state(T, subgraphs=True)
    await graph.invoke(Command(resume="first"), T)
    await graph.state(T, subgraphs=True)
    await graph.invoke(Command(resume="second"), T)
    between: Any = waiting.tasks[0].state
    await graph.history(between.config)
    await graph.history(T)


async def sent_subgraphs_that_ask(player: GraphPlayer) -> None:
    """Copies of one subgraph side by side ask each for itself, and are answered one by one."""

    def ask(state: Log) -> Log:
        return {"log": [f"{state['last']}: {interrupt({'who': state['last']})}"]}

    sub = inner(("x", lambda state: {"log": [f"x of {state['last']}"]}), ("ask", ask)).compile()
    builder = StateGraph(Log)
    builder.add_node("sub", lambda state: {"log": sub.invoke(state)["log"][1:]})
    builder.add_node("end", lambda state: {"log": [f"end {len(state['log'])}"]}, defer=True)
    sends = [Send("sub", {"log": ["sent"], "last": name}) for name in ("ann", "bob")]
    builder.add_conditional_edges(START, lambda state: sends, ["sub"])
    builder.add_edge("sub", "end")
    graph = player.compile(builder)
    result = await graph.invoke({"log": ["in"]}, T)
    questions = {one.value["who"]: one.id for one in result["__interrupt__"]}
    await graph.invoke(Command(resume={questions["bob"]: "b"}), T)
    await graph.state(T, subgraphs=True)
    await graph.invoke(Command(resume={questions["ann"]: "a"}), T)
    await graph.history(T)


async def subgraph_that_speaks_to_its_parent(player: GraphPlayer) -> None:
    """A subgraph may send its parent elsewhere, with a change of the parent's state."""

    def leave(state: Log) -> Command[Any]:
        return Command(graph=Command.PARENT, goto="after", update={"log": ["from inside"], "last": "inside"})

    graph = around(player, inner(("x", _say("x")), ("leave", leave)).compile())
    await graph.invoke({"log": ["in"]}, T)
    await graph.history(T)


SCENARIOS = [
    subgraph,
    subgraph_that_remembers,
    question_in_a_subgraph,
    subgraph_edited_while_it_waits,
    question_in_a_subgraph_that_remembers,
    question_two_levels_down,
    sent_subgraphs_that_ask,
    subgraph_that_speaks_to_its_parent,
]
