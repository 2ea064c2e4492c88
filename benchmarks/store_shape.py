"""Store shape: the receipt desk's graph, with agents that claim at once.

It is written by hand, so that a run takes LangGraph's time and the saver's, and none for reading and voting. Channels,
reducers and records are the desk's own, and so is the course: the supervisor sends out a wave of four readers, a wave
of one, and the act, and finishes. These are 7 super-steps with 10 tasks; they leave 9 checkpoints.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph, add_messages
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, Overwrite

from quorate.contracts import (
    Alternative,
    Claim,
    Decision,
    Dispatch,
    Effect,
    Execute,
    Finish,
    Items,
    Move,
    Usage,
    digest,
    dump,
)
from quorate.graphs.state import State, cleared

__all__ = ["CHECKPOINTS", "Graph", "ListState", "State", "desk", "new_thread"]

Graph = CompiledStateGraph[Any, Any, Any, Any]

CHECKPOINTS = 9
"""How many checkpoints a turn leaves: of the input, of the start, and one for each super-step."""

READERS = {"company": 0, "address": 2, "date": 7, "total": 20}
"""The fields that the first wave reads, each with the place of its value on the page."""
SUPERVISOR, ACT = "supervisor", "act"

# The records as the desk dumps them; a run puts its own values in.
_EVIDENCE = dump(Items("words", ()))
_CLAIM = dump(Claim("", "", 0.83, reason="the first line that reads as one (directly)", version="1.0.0"))
_POLICY = digest("a policy")
_DECISION = dump(Decision("", "settled", 1, confidence=0.9734, reason="1 of 1 agents agree", policy=_POLICY))
_ALTERNATIVE = dump(Alternative("", "", 3.6109179126442243, 0.9734, ()))
_USAGE = dump(Usage(seconds=0.000119, claims=1))
_EFFECT = dump(Effect("post", {}, ("company", "date", "total"), field="posted", agent="post_receipt", by="policy"))


class ListState(State, total=False):
    """The desk's channels, with the conversation as a plain list, which every checkpoint holds whole."""

    messages: Annotated[list[AnyMessage], add_messages]


def desk(reply: Callable[[], str] | None = None, *, channels: Any = State) -> StateGraph[Any, None, Any, Any]:
    """The graph; its input is `{"request": page}`, in a conversation with `messages`.

    Args:
        reply: What the supervisor says at the end of a turn; without it the turn is no part of a conversation.
        channels: The channels, `State` or `ListState`.
    """
    graph: StateGraph[Any, None, Any, Any] = StateGraph(channels)

    async def supervise(state: Any) -> Command[Any]:
        return _next(state, reply)

    agents = {**{field: _reader(field, place) for field, place in READERS.items()}, "category": _reader("category", 9)}
    for field, node in agents.items():
        graph.add_node(_agent(field), node)
        graph.add_edge(_agent(field), SUPERVISOR)
    graph.add_node(ACT, _act)
    graph.add_edge(ACT, SUPERVISOR)
    graph.add_node(SUPERVISOR, supervise, destinations=(*map(_agent, agents), ACT, END))
    graph.add_edge(START, SUPERVISOR)
    return graph


def new_thread() -> RunnableConfig:
    """The config of a thread that nobody has used."""
    return {"configurable": {"thread_id": str(uuid.uuid4())}}


def _next(state: Any, reply: Callable[[], str] | None) -> Command[Any]:
    """What the supervisor does: in the desk it follows from contracts and policy, here from how far the turn is."""
    moves = state["moves"]
    update: dict[str, Any]
    match (moves[-1]["kind"] if moves else "finish"), len(moves):
        case "finish", _:
            update = {
                **cleared(),
                "turn": state.get("turn", 0) + 1,
                "goals": Overwrite([*READERS, "category", "posted"]),
            }
            update |= {"request": {**state["request"], "text": ""}, "moves": Overwrite([_dispatch(READERS)])}
            return Command(update=update, goto=[_agent(field) for field in READERS])
        case "dispatch", 1:
            update = {"decisions": _decisions(state, READERS), "moves": [_dispatch(["category"])]}
            return Command(update=update, goto=_agent("category"))
        case "dispatch", _:
            slot = digest(state["request"]["id"])
            args = {claim["field"]: claim["value"] for claim in state["claims"]}
            effect = {**_EFFECT, "args": args, "content": args, "status": "approved", "approved": slot}
            update = {"decisions": _decisions(state, ["category"]), "effects": {slot: effect}}
            return Command(update={**update, "moves": [_move(Execute((slot,), "approved by the policy"))]}, goto=ACT)
        case _:
            update = {"decisions": _decisions(state, ["posted"])}
            update["moves"] = [_move(Finish("settled", "every goal is settled or may stay empty"))]
            if reply is not None:
                update["messages"] = [AIMessage(reply(), id=f"reply-{state['turn']}-{len(moves)}")]
            return Command(update=update, goto=END)


def _reader(field: str, place: int) -> Any:
    async def read(state: Any) -> dict[str, Any]:
        claim = _claim(field, state["request"]["words"][place], [{**_EVIDENCE, "indices": [place]}])
        return {"claims": [claim], "usage": [{**_USAGE, "agent": _agent(field)}]}

    return read


async def _act(state: Any) -> dict[str, Any]:
    ((slot, effect),) = state["effects"].items()
    row = {"key": slot}
    done = {**effect, "status": "done", "result": row}
    return {"effects": {slot: done}, "claims": [_claim("posted", row, [])]}


def _claim(field: str, value: Any, evidence: Sequence[Any]) -> dict[str, Any]:
    return {**_CLAIM, "field": field, "value": value, "evidence": evidence, "agent": _agent(field)}


def _decisions(state: Any, fields: Iterable[str]) -> dict[str, Any]:
    values = {claim["field"]: claim["value"] for claim in state["claims"]}
    return {field: _decision(field, values[field]) for field in fields}


def _decision(field: str, value: Any) -> dict[str, Any]:
    tally = [{**_ALTERNATIVE, "value": value, "key": str(value), "agents": [_agent(field)]}]
    return {**_DECISION, "field": field, "value": value, "tally": tally}


def _dispatch(fields: Iterable[str]) -> dict[str, Any]:
    agents = [_agent(field) for field in fields]
    return _move(Dispatch({agent: {} for agent in agents}, f"needed and ready: {', '.join(agents)}"))


def _move(move: Move) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC)
    return {**dump(move), "at": now.isoformat(timespec="milliseconds")}


def _agent(field: str) -> str:
    return f"{field}_reader"
