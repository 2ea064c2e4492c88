"""Scenarios of work: fan-out, failures and their repair, durability, messages that are removed, functions as graphs."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.errors import NodeError
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import REMOVE_ALL_MESSAGES, add_messages
from langgraph.types import Command, Durability, Overwrite, Send, interrupt
from tests.fakes.graph_player import GraphPlayer, Scenario, at, thread
from tests.fakes.scenarios_of_time import Log, chain
from typing_extensions import TypedDict

__all__ = ["SCENARIOS", "Flaky"]

T = thread("t")


class Flaky:
    """A node that fails the first `times` times, when the nodes beside it have ended."""

    def __init__(self, name: str, times: int = 1) -> None:
        self._name = name
        self._left = times

    def __call__(self, state: Any) -> Log:
        if self._left > 0:
            self._left -= 1
            time.sleep(0.05)
            raise ConnectionError(f"{self._name} is not there, {self._left} more")
        return {"log": [f"{self._name} at last"]}


async def sent_tasks(player: GraphPlayer) -> None:
    """Tasks that are sent out run side by side, and what they bring is joined in their order; a branch sends again."""

    def square(state: dict[str, int]) -> Log:
        return {"log": [f"{state['number']}^2 = {state['number'] ** 2}"]}

    builder = StateGraph(Log)
    builder.add_node("plan", lambda state: {"last": "planned"})
    builder.add_node("square", square)
    builder.add_node("end", lambda state: {"log": [f"{len(state['log'])} in all"]})
    builder.add_edge(START, "plan")
    builder.add_conditional_edges("plan", lambda state: [Send("square", {"number": n}) for n in range(5)], ["square"])
    builder.add_edge("square", "end").add_edge("end", END)
    graph = player.compile(builder)
    await graph.invoke({"log": ["in"]}, T)
    history = await graph.history(T)
    planned = next(one for one in history if len(one.tasks) == 5)
    await graph.invoke(None, at(planned.config))
    await graph.update(at(planned.config), {"last": "edited"})
    await graph.invoke(None, T)
    await graph.history(T)


async def nodes_side_by_side(player: GraphPlayer) -> None:
    """Two waves of nodes side by side, a late one, and one that sends the run elsewhere, turn after turn."""

    def route(state: Log) -> Command[Any]:
        goto = [Send("far", {"log": [], "last": "sent"}), "near"] if len(state["log"]) < 6 else END
        return Command(goto=goto, update={"log": ["routed"]})

    builder = StateGraph(Log)
    for name in ("left", "right", "near", "far"):
        builder.add_node(name, lambda state, name=name: {"log": [f"{name}{len(state['log'])}"]})
    builder.add_node("route", route, destinations=("far", "near", END))
    builder.add_node("late", lambda state: {"last": f"late{len(state['log'])}"}, defer=True)
    builder.add_edge(START, "left").add_edge(START, "right").add_edge(START, "late")
    builder.add_edge(["left", "right"], "route")
    graph = player.compile(builder)
    for text in ("in", "more", "most"):
        await graph.invoke({"log": [text]}, T)
    await graph.history(T)


def failing(flaky: dict[str, Flaky]) -> StateGraph[Any, Any, Any, Any]:
    """Good and flaky nodes side by side, then one that joins them."""
    builder = StateGraph(Log)
    builder.add_node("good", lambda state: {"log": ["good"], "last": "good"})
    builder.add_node("join", lambda state: {"log": [f"joined {len(state['log'])}"]})
    builder.add_edge(START, "good")
    for name, node in flaky.items():
        builder.add_node(name, node)
        builder.add_edge(START, name)
    return builder.add_edge(["good", *flaky], "join").add_edge("join", END)


async def failure(player: GraphPlayer) -> None:
    """A node that failed is seen with its error; a resumed run does only it again."""
    graph = player.compile(failing({"weak": Flaky("weak", 2)}))
    await graph.invoke({"log": ["in"]}, T, durability="sync")
    await graph.state(T)
    await graph.invoke(None, T)
    await graph.state(T)
    await graph.invoke(None, T)
    await graph.history(T)


async def failure_in_a_subgraph(player: GraphPlayer) -> None:
    """A run that failed within a subgraph goes on within it."""
    builder = StateGraph(Log)
    builder.add_node("x", lambda state: {"log": ["x"]})
    builder.add_node("weak", Flaky("weak"))
    sub = chain(builder, ("x", "weak")).compile()
    outer = StateGraph(Log)
    outer.add_node("sub", sub)
    outer.add_node("after", lambda state: {"log": ["after"]})
    graph = player.compile(chain(outer, ("sub", "after")))
    await graph.invoke({"log": ["in"]}, T, durability="sync")
    await graph.state(T, subgraphs=True)
    await graph.invoke(None, T)
    await graph.history(T)


async def failure_given_up(player: GraphPlayer) -> None:
    """A run that failed may be edited past its failure, or get a new input instead."""
    graph = player.compile(failing({"weak": Flaky("weak", 3)}))
    await graph.invoke({"log": ["in"]}, T, durability="sync")
    await graph.update(T, {"log": ["by hand"]}, as_node="weak")
    await graph.invoke(None, T)
    await graph.invoke({"log": ["anew"]}, T, durability="sync")
    await graph.invoke({"log": ["and anew"]}, T, durability="sync")
    await graph.invoke(None, T)
    await graph.history(T)


async def handled_failure(player: GraphPlayer) -> None:
    """A node's error handler stands in for it, in the same step."""

    def handle(state: Log, error: NodeError) -> Log:
        return {"log": [f"handled {error.node}: {error.error}"]}

    builder = StateGraph(Log)
    builder.add_node("weak", Flaky("weak"), error_handler=handle)
    builder.add_node("after", lambda state: {"log": ["after"]})
    graph = player.compile(chain(builder, ("weak", "after")))
    await graph.invoke({"log": ["in"]}, T, durability="sync")
    await graph.invoke({"log": ["more"]}, T)
    await graph.history(T)


def durable(durability: Durability) -> Scenario:
    """The scenario of a failure, a question and two turns, with checkpoints written in one of LangGraph's ways."""

    async def scenario(player: GraphPlayer) -> None:
        builder = failing({"weak": Flaky("weak")})
        builder.add_node("ask", lambda state: {"log": [f"told {interrupt('what?')}"]})
        builder.add_edge("join", "ask")
        graph = player.compile(builder)
        for text in ("in", "more"):
            await graph.invoke({"log": [text]}, T, durability=durability)
            await graph.state(T)
            if text == "in":
                await graph.invoke(None, T, durability=durability)
            await graph.invoke(Command(resume="so"), T, durability=durability)
            await graph.state(T)
        await graph.history(T)

    scenario.__name__ = f"durability_{durability}"
    return scenario


class Chat(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]


async def removed_messages(player: GraphPlayer) -> None:
    """Messages are added, replaced and removed by their ids, singly or all, and older checkpoints still have them."""

    def reply(state: Chat) -> Chat:
        number = len(state["messages"])
        call = {"name": "look", "args": {"at": [number, None]}, "id": f"c{number}"}
        return {
            "messages": [
                AIMessage("", tool_calls=[call], id=f"a{number}"),
                ToolMessage("seen", tool_call_id=f"c{number}", id=f"t{number}"),
            ]
        }

    def forget(state: Chat) -> Chat:
        return {"messages": [RemoveMessage(str(one.id)) for one in state["messages"][:-2]]}

    builder = StateGraph(Chat).add_node("reply", reply).add_node("forget", forget)
    graph = player.compile(chain(builder, ("reply", "forget")))
    await graph.invoke({"messages": [HumanMessage("hello", id="h1")]}, T)
    await graph.invoke({"messages": [HumanMessage("more", id="h2"), HumanMessage("changed", id="t1")]}, T)
    await graph.update(T, {"messages": [RemoveMessage("a3")]})
    await graph.history(T)
    await graph.update(T, {"messages": [RemoveMessage(REMOVE_ALL_MESSAGES), HumanMessage("anew", id="h3")]})
    await graph.invoke(None, at((await graph.history(T))[-1].config))
    await graph.history(T)


class Many(TypedDict, total=False):
    things: Annotated[dict[str, Any], operator.or_]
    pile: Annotated[list[Any], operator.add]


async def values_of_many_kinds(player: GraphPlayer) -> None:
    """Values of many kinds come back as they were, empty ones and overwritten ones too."""
    things = {
        "none": None,
        "float": -0.5,
        "int": 2**63,
        "bytes": b"\x00\xff",
        "text": "ü\U0001f600\n" * 400,
        "when": datetime(2024, 2, 29, 12, tzinfo=UTC),
        "total": Decimal("12.30"),
        "path": Path("a/b"),
        "set": {1, 2},
        "tuple": (1, ("two", [3])),
        "nested": {"a": {"b": [{}, [], "", {"c": None}]}},
    }
    builder = StateGraph(Many)
    builder.add_node("add", lambda state: {"things": things, "pile": [{}, None, ("t",)]})
    builder.add_node("reset", lambda state: {"pile": Overwrite([])})
    graph = player.compile(chain(builder, ("add", "reset")))
    await graph.invoke({"things": {}, "pile": [[]]}, T)
    await graph.invoke({"things": {"none": 0}}, T)
    await graph.history(T)


async def functions_as_graphs(player: GraphPlayer) -> None:
    """An entrypoint keeps what it saved last, and its finished tasks, while it waits for an answer."""

    @task
    def double(number: int) -> int:
        return number * 2

    def flow(number: int, *, previous: int | None = None) -> entrypoint.final[Any, Any]:
        parts = [double(number + extra) for extra in range(3)]
        answer = interrupt("go on?")
        total = (previous or 0) + sum(part.result() for part in parts)
        return entrypoint.final(value=[total, answer], save=total)

    async def aflow(number: int, *, previous: int | None = None) -> entrypoint.final[Any, Any]:
        parts = [double(number + extra) for extra in range(3)]
        answer = interrupt("go on?")
        total = (previous or 0) + sum([await part for part in parts])
        return entrypoint.final(value=[total, answer], save=total)

    body: Callable[..., Any] = aflow if player.is_async else flow
    body.__name__ = "flow"
    graph = player.play(entrypoint(checkpointer=player.saver)(body))
    for number in (1, 10):
        await graph.invoke(number, T)
        await graph.invoke(Command(resume=f"answer {number}"), T)
    await graph.state(T)


SCENARIOS = [
    sent_tasks,
    nodes_side_by_side,
    failure,
    failure_in_a_subgraph,
    failure_given_up,
    handled_failure,
    durable("sync"),
    durable("async"),
    durable("exit"),
    removed_messages,
    values_of_many_kinds,
    functions_as_graphs,
]
