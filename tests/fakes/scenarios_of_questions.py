"""Scenarios of interrupts: one, several side by side or in a node, static ones; answered at once or one by one."""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from tests.fakes.graph_player import GraphPlayer, at, thread
from tests.fakes.scenarios_of_time import Log, chain, steps

__all__ = ["SCENARIOS"]

T = thread("t")


def asking(*names: str) -> StateGraph[Any, Any, Any, Any]:
    """Nodes side by side that each ask under their own name, then a node that joins them."""

    def ask(name: str) -> Any:
        return lambda state: {"log": [f"{name} was told {interrupt({'who': name})}"]}

    builder = StateGraph(Log)
    builder.add_node("plain", lambda state: {"log": ["plain"], "last": "plain"})
    for name in names:
        builder.add_node(name, ask(name))
        builder.add_edge(START, name)
    builder.add_node("join", lambda state: {"log": [f"joined {len(state['log'])}"]})
    builder.add_edge(START, "plain")
    builder.add_edge([*names, "plain"], "join")
    return builder.add_edge("join", END)


def _ids(result: Any) -> dict[str, str]:
    return {one.value["who"]: one.id for one in result["__interrupt__"]}


async def one_question(player: GraphPlayer) -> None:
    """A question waits beside finished work, is asked again by a run without an answer, and is answered."""
    graph = player.compile(asking("ann"))
    await graph.invoke({"log": ["in"]}, T)
    await graph.state(T)
    await graph.invoke(None, T)
    await graph.state(T)
    await graph.invoke(Command(resume="yes"), T)
    await graph.history(T)
    await graph.invoke({"log": ["second turn"]}, T)
    await graph.invoke(Command(resume="again"), T)
    await graph.history(T)


async def questions_answered_one_by_one(player: GraphPlayer) -> None:
    """Of several questions side by side each answer is kept while the others wait."""
    graph = player.compile(asking("ann", "bob", "cyd"))
    questions = _ids(await graph.invoke({"log": ["in"]}, T))
    await graph.state(T)
    for name in ("bob", "cyd", "ann"):
        await graph.invoke(Command(resume={questions[name]: f"{name}?"}), T)
        await graph.state(T)
    await graph.history(T)


async def questions_answered_at_once(player: GraphPlayer) -> None:
    """Several questions are answered together, each by its id."""
    graph = player.compile(asking("ann", "bob"))
    questions = _ids(await graph.invoke({"log": ["in"]}, T))
    await graph.invoke(Command(resume={one: f"to {name}" for name, one in questions.items()}), T)
    await graph.history(T)


async def questions_in_one_node(player: GraphPlayer) -> None:
    """A node that asks three times runs from its top with each answer, and knows the earlier ones."""

    def ask(state: Log) -> Log:
        return {"log": [f"{number}: {interrupt(number)}" for number in range(3)]}

    builder = StateGraph(Log)
    builder.add_node("ask", ask)
    graph = player.compile(chain(builder, ("ask",)))
    await graph.invoke({"log": ["in"]}, T)
    for answer in ("x", {"y": [1, 2]}, ""):
        await graph.invoke(Command(resume=answer), T)
        await graph.state(T)
    await graph.history(T)


async def question_answered_with_an_update(player: GraphPlayer) -> None:
    """An answer may come with a change of the state and a place to go on."""
    graph = player.compile(asking("ann"))
    await graph.invoke({"log": ["in"]}, T)
    await graph.invoke(Command(resume="yes", update={"log": ["by command"], "last": "command"}), T)
    await graph.invoke(Command(goto="join", update={"log": ["straight"]}), T)
    await graph.history(T)


async def edited_while_it_waits(player: GraphPlayer) -> None:
    """The state of a thread that waits may be edited; the question is asked of the new state."""
    builder = StateGraph(Log)
    builder.add_node("a", lambda state: {"log": ["a"]})
    builder.add_node("ask", lambda state: {"log": [f"told {interrupt(len(state['log']))}"]})
    graph = player.compile(chain(builder, ("a", "ask")))
    await graph.invoke({"log": ["in"]}, T)
    await graph.update(T, {"log": ["edited"]}, as_node="a")
    await graph.state(T)
    await graph.invoke(None, T)
    await graph.update(T, {"last": "edited too"})
    await graph.invoke(Command(resume="late"), T)
    await graph.history(T)


async def new_input_while_it_waits(player: GraphPlayer) -> None:
    """A new input to a thread that waits gives the question up, and asks anew."""
    graph = player.compile(asking("ann", "bob"))
    first = _ids(await graph.invoke({"log": ["in"]}, T))
    await graph.invoke(Command(resume={first["ann"]: "half"}), T)
    second = _ids(await graph.invoke({"log": ["changed my mind"]}, T))
    await graph.invoke(Command(resume={one: name for name, one in second.items()}), T)
    await graph.history(T)


async def static_interrupts(player: GraphPlayer) -> None:
    """A graph that stops before and after named nodes goes on from there, also with an edit in between."""
    graph = player.compile(steps("a", "b", "c"), interrupt_before=["b"], interrupt_after=["b"])
    await graph.invoke({"log": ["in"]}, T)
    await graph.state(T)
    await graph.update(T, {"log": ["edited"]})
    await graph.invoke(None, T)
    await graph.state(T)
    await graph.invoke(None, T)
    await graph.history(T)


async def questions_of_sent_tasks(player: GraphPlayer) -> None:
    """Tasks that were sent out ask each for itself, and are answered by id; a branch from before asks again."""

    def ask(state: dict[str, int]) -> Log:
        return {"log": [f"{state['number']}: {interrupt({'who': str(state['number'])})}"]}

    builder = StateGraph(Log)
    builder.add_node("ask", ask)
    builder.add_node("end", lambda state: {"last": str(len(state["log"]))}, defer=True)
    builder.add_conditional_edges(
        START, lambda state: [Send("ask", {"number": number}) for number in range(3)], ["ask"]
    )
    builder.add_edge("ask", "end")
    graph = player.compile(builder)
    questions = _ids(await graph.invoke({"log": ["in"]}, T))
    await graph.invoke(Command(resume={questions["1"]: "one"}), T)
    await graph.state(T)
    await graph.invoke(Command(resume={questions["0"]: "zero", questions["2"]: "two"}), T)
    history = await graph.history(T)
    waiting = next(one for one in history if len(one.tasks) == 3)
    again = _ids(await graph.invoke(None, at(waiting.config)))
    await graph.invoke(Command(resume={one: f"{name}!" for name, one in again.items()}), T)
    await graph.history(T)


SCENARIOS = [
    one_question,
    questions_answered_one_by_one,
    questions_answered_at_once,
    questions_in_one_node,
    question_answered_with_an_update,
    edited_while_it_waits,
    new_input_while_it_waits,
    static_interrupts,
    questions_of_sent_tasks,
]
