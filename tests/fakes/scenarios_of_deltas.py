"""Scenarios of channels that are stored as deltas: their snapshots, branches, overwrites, failures and durability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage
from langgraph.channels import DeltaChannel
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import REMOVE_ALL_MESSAGES, _messages_delta_reducer
from langgraph.types import Command, Durability, Overwrite, Send, interrupt
from tests.fakes.graph_player import GraphPlayer, Scenario, at, thread
from tests.fakes.scenarios_of_time import chain
from tests.fakes.scenarios_of_work import Flaky
from typing_extensions import TypedDict

__all__ = ["SCENARIOS", "deltas", "joined"]

T = thread("t")


def joined(state: list[Any], writes: Sequence[list[Any]]) -> list[Any]:
    """The reducer of a list that grows, in the order of the writes."""
    return [*state, *(part for write in writes for part in write)]


def merged(state: dict[str, Any], writes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The reducer of a dict, in which later writes win."""
    for write in writes:
        state = {**state, **write}
    return state


class Deltas(TypedDict, total=False):
    log: Annotated[list[str], DeltaChannel(joined, snapshot_frequency=3)]
    notes: Annotated[dict[str, str], DeltaChannel(merged, snapshot_frequency=100)]
    last: str


def _say(name: str) -> Any:
    return lambda state: {
        "log": [f"{name}{len(state['log'])}"],
        "notes": {name: f"at {len(state['log'])}", "newest": name},
        "last": name,
    }


def deltas(*names: str) -> StateGraph[Any, Any, Any, Any]:
    """Nodes one after the other that write to two delta channels, one with a snapshot at every third write."""
    builder = StateGraph(Deltas)
    for name in names:
        builder.add_node(name, _say(name))
    return chain(builder, names)


async def delta_turns(player: GraphPlayer) -> None:
    """Turn after turn each checkpoint has the whole value, between snapshots, at one and long after one."""
    graph = player.compile(deltas("a", "b"))
    for turn in range(6):
        await graph.invoke({"log": [f"turn {turn}"], "notes": {str(turn): "asked"}}, T)
    await graph.history(T)


async def delta_replay(player: GraphPlayer) -> None:
    """A replay reads what was on its way only, and what it writes is not read by the branch that it left."""
    graph = player.compile(deltas("a", "b", "c"))
    for turn in range(2):
        await graph.invoke({"log": [f"turn {turn}"]}, T)
    history = await graph.history(T)
    for number in (2, 5, 7, 1):
        await graph.invoke(None, at(history[number].config))
        await graph.state(at(history[0].config))
    await graph.invoke({"log": ["on"]}, T)
    await graph.history(T)


async def delta_edits(player: GraphPlayer) -> None:
    """Edits of old and of the newest checkpoint each add to the value that their checkpoint had."""
    graph = player.compile(deltas("a", "b"))
    for turn in range(2):
        await graph.invoke({"log": [f"turn {turn}"]}, T)
    history = await graph.history(T)
    for number in (3, 3, 6, 0):
        forked = await graph.update(at(history[number].config), {"log": [f"edit {number}"]}, as_node="a")
        await graph.state(at(forked))
        await graph.invoke(None, at(forked))
    for edit in range(4):
        await graph.update(T, {"log": [f"newest {edit}"], "notes": {"newest": str(edit)}})
    await graph.history(T)


async def delta_new_input_at_an_old_checkpoint(player: GraphPlayer) -> None:
    """A new input at an old checkpoint adds to the value that was there, and leaves the other branch as it was."""
    graph = player.compile(deltas("a", "b"))
    for turn in range(3):
        await graph.invoke({"log": [f"turn {turn}"]}, T)
    history = await graph.history(T)
    for number in (4, 8, 2):
        await graph.invoke({"log": [f"again {number}"], "notes": {"again": str(number)}}, at(history[number].config))
    await graph.invoke({"log": ["on"]}, T)
    await graph.history(T)


async def delta_overwrites(player: GraphPlayer) -> None:
    """An overwrite by a node, an edit or an input drops what was before, and what follows adds to it."""

    def reset(state: Deltas) -> Any:
        return {"log": Overwrite([f"reset of {len(state['log'])}"]), "notes": Overwrite({})}

    builder = StateGraph(Deltas)
    builder.add_node("a", _say("a")).add_node("reset", reset).add_node("b", _say("b"))
    graph = player.compile(chain(builder, ("a", "reset", "b")))
    await graph.invoke({"log": ["in"]}, T)
    await graph.update(T, {"log": Overwrite(["by edit"])})
    await graph.update(T, {"log": ["after it"]})
    await graph.state(T)
    await graph.invoke({"log": Overwrite(["by input"])}, T, interrupt_before=["reset"])
    await graph.state(T)
    await graph.invoke(None, T)
    history = await graph.history(T)
    await graph.invoke(None, at(history[4].config))
    await graph.history(T)


async def delta_writers_side_by_side(player: GraphPlayer) -> None:
    """Nodes and sent tasks side by side add in LangGraph's own order, in each later reading too."""

    def sent(state: dict[str, int]) -> Deltas:
        return {"log": [f"sent {state['number']}"], "notes": {"newest": str(state["number"])}}

    builder = StateGraph(Deltas)
    for name in ("zoe", "ann", "mia"):
        builder.add_node(name, lambda state, name=name: {"log": [f"{name}{len(state['log'])}"]})
        builder.add_edge(START, name)
    builder.add_node("sent", sent)
    builder.add_node("end", _say("end"))
    for name in ("zoe", "ann", "mia"):
        builder.add_conditional_edges(name, lambda _: [Send("sent", {"number": n}) for n in (2, 0, 1)], ["sent"])
    builder.add_edge("sent", "end").add_edge("end", END)
    graph = player.compile(builder)
    for turn in range(3):
        await graph.invoke({"log": [f"turn {turn}"]}, T)
        await graph.state(T)
    await graph.history(T)


async def delta_questions(player: GraphPlayer) -> None:
    """A thread that waits has its whole value, and one answer adds once, also where other nodes had ended before."""
    builder = StateGraph(Deltas)
    builder.add_node("plain", _say("plain"))
    builder.add_node("ann", lambda state: {"log": [f"ann {interrupt({'who': 'ann'})}"]})
    builder.add_node("bob", lambda state: {"log": [f"bob {interrupt({'who': 'bob'})}"]})
    builder.add_node("end", _say("end"))
    for name in ("plain", "ann", "bob"):
        builder.add_edge(START, name)
    builder.add_edge(["plain", "ann", "bob"], "end")
    graph = player.compile(builder)
    for turn in range(3):
        asked = await graph.invoke({"log": [f"turn {turn}"]}, T)
        questions = {one.value["who"]: one.id for one in asked["__interrupt__"]}
        await graph.invoke(Command(resume={questions["bob"]: "b"}), T)
        await graph.state(T)
        await graph.invoke(Command(resume={questions["ann"]: "a"}, update={"log": ["by command"]}), T)
        await graph.state(T)
    await graph.history(T)


async def delta_in_a_subgraph(player: GraphPlayer) -> None:
    """A subgraph's own delta channel, remembered over turns, and a plain one's within a step, read as in memory."""
    remembering = deltas("x", "y").compile(checkpointer=True)
    plain = deltas("p", "q").compile()
    builder = StateGraph(Deltas)
    builder.add_node("remembering", remembering).add_node("plain", plain)
    graph = player.compile(chain(builder, ("remembering", "plain")))
    for turn in range(2):
        await graph.invoke({"log": [f"{turn}"], "notes": {}}, T)
        await graph.state(T, subgraphs=True)
    history = await graph.history(T)
    await graph.invoke(None, at(history[1].config))
    await graph.history(T)


def delta_durable(durability: Durability) -> Scenario:
    """The scenario of turns, a failure and a question on delta channels, written in one of LangGraph's ways."""

    async def scenario(player: GraphPlayer) -> None:
        builder = StateGraph(Deltas)
        builder.add_node("a", _say("a")).add_node("b", _say("b")).add_node("weak", Flaky("weak"))
        builder.add_node("ask", lambda state: {"log": [f"told {interrupt('what?')}"]})
        builder.add_edge(START, "a").add_edge("a", "b").add_edge("a", "weak")
        builder.add_edge(["b", "weak"], "ask").add_edge("ask", END)
        graph = player.compile(builder)
        for turn in range(4):
            await graph.invoke({"log": [f"turn {turn}"]}, T, durability=durability)
            await graph.state(T)
            if turn == 0:
                await graph.invoke(None, T, durability=durability)
            await graph.invoke(Command(resume=f"so {turn}"), T, durability=durability)
            await graph.state(T)
        history = await graph.history(T)
        await graph.update(at(history[2].config), {"log": ["edited"]}, as_node="a")
        await graph.invoke(None, T, durability=durability)
        await graph.history(T)

    scenario.__name__ = f"delta_durability_{durability}"
    return scenario


class Chat(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], DeltaChannel(_messages_delta_reducer, snapshot_frequency=4)]


async def delta_messages(player: GraphPlayer) -> None:
    """Messages in a delta channel are added, replaced and removed by their ids, which stay."""

    def reply(state: Chat) -> Chat:
        return {"messages": [AIMessage(f"reply to {len(state['messages'])}")]}

    def forget(state: Chat) -> Chat:
        return {"messages": [RemoveMessage(str(one.id)) for one in state["messages"][:-4]]}

    builder = StateGraph(Chat).add_node("reply", reply).add_node("forget", forget)
    graph = player.compile(chain(builder, ("reply", "forget")))
    for turn in range(5):
        await graph.invoke({"messages": [HumanMessage(f"turn {turn}", id=f"h{turn}")]}, T)
    state = await graph.state(T)
    first = state.values["messages"][0].id
    await graph.update(T, {"messages": [HumanMessage("replaced", id=first)]}, as_node="forget")
    await graph.update(T, {"messages": [RemoveMessage(first)]}, as_node="forget")
    await graph.state(T)
    await graph.update(
        T, {"messages": [RemoveMessage(REMOVE_ALL_MESSAGES), HumanMessage("anew", id="n")]}, as_node="forget"
    )
    await graph.invoke({"messages": [{"role": "user", "content": "as a dict", "id": "d"}]}, T)
    await graph.history(T)


SCENARIOS = [
    delta_turns,
    delta_replay,
    delta_edits,
    delta_new_input_at_an_old_checkpoint,
    delta_overwrites,
    delta_writers_side_by_side,
    delta_questions,
    delta_in_a_subgraph,
    delta_durable("sync"),
    delta_durable("async"),
    delta_durable("exit"),
    delta_messages,
]
