"""Dictionary graphs: plain LangGraph graphs of many shapes, with made-up nodes and channels."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NotRequired

from benchmarks.dictionary_messages import answer, any_message, calls, question, tool_result
from benchmarks.dictionary_words import Words
from langchain_core.messages import AnyMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langgraph.channels import DeltaChannel
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, Overwrite, Send, interrupt
from typing_extensions import TypedDict

__all__ = ["GRAPHS", "metadata"]

_PLAIN: tuple[Any, ...] = (str, str, str, int, int, float, bool, Decimal, date, list[str], dict[str, Any])


def metadata(words: Words) -> dict[str, Any]:
    """What servers and users add to a run."""
    if words.chance(0.6):
        return {}
    found: dict[str, Any] = {words.identifier(): words.text(1, 2)} if words.chance(0.3) else {}
    usual = {
        "user_id": words.uuid(),
        "assistant_id": words.uuid(),
        "graph_id": words.name(),
        "run_id": words.uuid(),
        "created_by": "system",
        "run_attempt": 1,
        "langgraph_request_id": words.uuid(),
        "langgraph_auth_user_id": words.person(),
        "langgraph_version": "1.2.0",
        "langgraph_host": "self-hosted",
        "langgraph_plan": "developer",
        "langgraph_api_url": f"http://127.0.0.1:{words.digits(4)}",
    }
    return found | {key: usual[key] for key in words.some(list(usual), 2)}


def _joined(old: list[Any], writes: Sequence[Any]) -> list[Any]:
    return [*old, *(part for write in writes for part in (write if isinstance(write, list) else [write]))]


class _Chat(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]


class _DeltaChat(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], DeltaChannel(_joined)]


def chat(words: Words, saver: Any, config: RunnableConfig) -> None:
    """A conversation with one or two nodes that answer, its messages whole or as deltas."""
    channels: Any = words.one((_Chat, _DeltaChat))
    builder = StateGraph(channels)
    names = words.identifiers(words.count(1, 2))
    own = words.child()
    for name in names:
        builder.add_node(name, lambda state: {"messages": [answer(own)]})
    graph = _chain(builder, names).compile(checkpointer=saver)
    for _ in range(words.count(1, 6)):
        said: Any = question(words) if words.chance(0.7) else {"role": "user", "content": words.text(1, 20)}
        graph.invoke({"messages": [said]}, config)
    if words.chance(0.3) and channels is _Chat:
        first = graph.get_state(config).values["messages"][0].id
        graph.update_state(config, {"messages": [RemoveMessage(first)]})


class _Agent(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]
    jump_to: NotRequired[str | None]
    structured_response: NotRequired[Any]


def tools(words: Words, saver: Any, config: RunnableConfig) -> None:
    """A model that calls tools until it answers; a person approves calls in some."""
    own = words.child()
    named, asks = words.identifiers(3), words.chance(0.4)
    middle = f"{words.word().capitalize()}Middleware.{words.one(('before_model', 'after_model'))}"

    def model(state: _Agent) -> dict[str, Any]:
        said = answer(own, calls(own, own.some(named, 1)) if own.chance(0.6) else None)
        return {"messages": [said]} | ({"structured_response": {own.word(): 1}} if own.chance(0.1) else {})

    def after(state: _Agent) -> dict[str, Any] | None:
        pending = getattr(state["messages"][-1], "tool_calls", [])
        if not asks or not pending:
            return None
        interrupt(_approval(own, pending))
        return {"jump_to": None} if own.chance(0.5) else {"messages": [any_message(own)]}

    def route(state: _Agent) -> list[Send] | str:
        pending = getattr(state["messages"][-1], "tool_calls", [])
        sent = [{"__type": "tool_call_with_context", "tool_call": call, "state": state} for call in pending]
        return [Send("tools", each) for each in sent] or END

    def run(sent: dict[str, Any]) -> dict[str, Any]:
        return {"messages": [tool_result(own.about(sent["tool_call"]["id"]), sent["tool_call"])]}

    builder: Any = StateGraph(_Agent)
    builder.add_node("model", model).add_node(middle, after).add_node("tools", run)
    builder.add_edge(START, "model").add_edge("model", middle).add_edge("tools", "model")
    graph = builder.add_conditional_edges(middle, route, ["tools", END]).compile(checkpointer=saver)
    for _ in range(words.count(1, 3)):
        _resume(words, graph, config, graph.invoke({"messages": [question(words)]}, config))


def _approval(words: Words, pending: list[dict[str, Any]]) -> Any:
    """The question whether tools may be called, as review interfaces read it."""
    if words.chance(0.2):
        return words.text(1, 10)
    requests = [{"name": call["name"], "args": call["args"], "description": _described(call)} for call in pending]
    allowed = ["approve", "edit", "reject"]
    configs = [{"action_name": call["name"], "allowed_decisions": allowed} for call in pending]
    return {"action_requests": requests, "review_configs": configs}


def _described(call: dict[str, Any]) -> str:
    return f"Tool execution requires approval\n\nTool: {call['name']}\nArgs: {call['args']}"


def _resume(words: Words, graph: Any, config: RunnableConfig, state: dict[str, Any]) -> None:
    for _ in range(4):
        if "__interrupt__" not in state or words.chance(0.1):
            return
        kind = words.one(("approve", "reject"))
        verdict = {"type": kind} | ({"message": words.text(1, 5)} if kind == "reject" else {})
        resume: Any = {"decisions": [verdict]} if words.chance(0.7) else words.text(1, 5)
        state = graph.invoke(Command(resume={each.id: resume for each in state["__interrupt__"]}), config)


def fan_out(words: Words, saver: Any, config: RunnableConfig) -> None:
    """Work that is sent out and joined, channels of plain values, commands that update and go elsewhere."""
    own = words.child()
    channels = {name: words.one(_PLAIN) for name in words.identifiers(words.count(2, 6))}
    grown = words.identifier()
    form = _form({**channels, grown: Annotated[list[Any], operator.add]})
    plan, work, join, far = words.identifiers(4)

    def some(state: Any) -> dict[str, Any]:
        return {name: own.value(channels[name]) for name in own.some(list(channels), 1)}

    def sent(state: Any) -> list[Send]:
        return [Send(work, {own.identifier(): own.value(own.one(_PLAIN))}) for _ in range(own.count(1, 5))]

    def goes(state: Any) -> Command[Any]:
        fresh = {grown: Overwrite([])} if own.chance(0.2) else {}
        return Command(update=some(state) | fresh, goto=own.one((far, END)))

    builder: Any = StateGraph(form)
    builder.add_node(plan, some).add_node(far, some)
    builder.add_node(work, lambda state: {grown: [own.about(state).value(own.about(state).one(_PLAIN))]})
    builder.add_node(join, goes, destinations=(far, END)).add_edge(work, join).add_edge(START, plan)
    graph = builder.add_conditional_edges(plan, sent, [work]).compile(checkpointer=saver)
    for _ in range(words.count(1, 4)):
        graph.invoke(some(None), config)
    if words.chance(0.4):
        history = list(graph.get_state_history(config))
        graph.update_state(words.one(history).config, some(None), as_node=plan)
        graph.invoke(None, config)


def nested(words: Words, saver: Any, config: RunnableConfig) -> None:
    """Nodes side by side, some of them graphs that remember or ask; a node that fails and is run again."""
    own = words.child()
    channel, other = words.identifiers(2)
    form = _form({channel: Annotated[list[Any], operator.add], other: str})
    names = words.identifiers(words.count(2, 6))
    asks, broken, flaky = words.chance(0.5), ["yes"] if words.chance(0.3) else [], words.child()

    def say() -> Any:
        source = words.child()
        return lambda state: {channel: [source.text(1, 6)]}

    def ask(state: Any) -> dict[str, Any]:
        return {channel: [str(interrupt({own.identifier(): own.text(1, 10)}))]} if asks else {other: own.text(1, 3)}

    def fail(state: Any) -> dict[str, Any]:
        if broken:
            broken.clear()
            raise flaky.one((ValueError, KeyError, ConnectionError))(flaky.text(1, 6))
        return {channel: [flaky.text(1, 6)]}

    inside = words.identifiers(2)
    inner = StateGraph(form).add_node(inside[0], say()).add_node(inside[1], ask)
    builder = StateGraph(form).add_node(names[0], fail)
    builder.add_node("sub_" + names[1], _chain(inner, inside).compile(checkpointer=words.one((None, True))))
    for name in names[2:]:
        builder.add_node(name, say())
    graph = _side_by_side(builder, [names[0], "sub_" + names[1], *names[2:]]).compile(checkpointer=saver)
    for _ in range(words.count(1, 3)):
        try:
            state = graph.invoke({channel: [words.text(1, 6)]}, config)
        except (ValueError, KeyError, ConnectionError):
            state = graph.invoke(None, config)
        _resume(words, graph, config, state)


def function(words: Words, saver: Any, config: RunnableConfig) -> None:
    """A function as a graph, with tasks and what it keeps for the next call."""
    own = words.child()

    def same(value: Any) -> Any:
        return value

    as_task: Any = task(name=words.identifier())
    step = as_task(same)

    def work(given: Any, *, previous: Any = None) -> Any:
        started = [step(own.value(own.one(_PLAIN))) for _ in range(own.count(1, 3))]
        found = [each.result() for each in started]
        told = interrupt(own.text(1, 6)) if own.chance(0.3) else None
        return entrypoint.final(value=found, save={"previous": previous is None, "told": told})

    work.__name__ = words.identifier()
    as_graph: Any = entrypoint(checkpointer=saver)
    graph = as_graph(work)
    config = {**config, "max_concurrency": 8}  # it waits for its tasks
    for _ in range(words.count(1, 3)):
        state = graph.invoke(own.value(own.one(_PLAIN)), config)
        _resume(words, graph, config, state if isinstance(state, dict) else {})


GRAPHS: tuple[Callable[[Words, Any, RunnableConfig], None], ...] = (chat, chat, tools, tools, fan_out, nested, function)
"""Each plays one thread; those of conversations are there twice, for most graphs are."""


def _form(channels: dict[str, Any]) -> Any:
    make: Any = TypedDict
    return make("form", channels, total=False)


def _chain(builder: Any, names: list[str]) -> Any:
    for before, after in zip([START, *names], [*names, END], strict=True):
        builder.add_edge(before, after)
    return builder


def _side_by_side(builder: Any, names: list[str]) -> Any:
    for name in names:
        builder.add_edge(START, name)
        builder.add_edge(name, END)
    return builder
