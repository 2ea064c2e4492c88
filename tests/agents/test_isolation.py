"""No agent takes down the run, or reaches into what it shares with others."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from langgraph.types import Command
from pydantic import BaseModel

from quorate import Claim, Supervisor, agent, as_agent


class Data(BaseModel):
    data: dict[str, Any]


class Found(BaseModel):
    lines: str


@agent(writes={"lines": str}, capability="extraction")
def sane(data: dict[str, Any]) -> Claim:
    return Claim("lines", ",".join(data["lines"]), 0.9)


def run(*agents: Any) -> Any:
    team = Supervisor("team", request=Data, outcome=Found, agents=[sane, *agents])
    return team.read(team.compile().invoke({"request": {"data": {"lines": ["l"]}}}))


def test_shared_state_is_not_the_agents() -> None:
    """What an agent does to its input changes neither the state nor what its siblings see."""

    @agent(writes={"lines": str}, capability="extraction")
    def meddler(data: dict[str, Any]) -> None:
        data["lines"].append("p")

    turn = run(meddler)
    assert turn.request == {"data": {"lines": ["l"]}}
    assert turn.values == {"lines": "l"}


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize("error", [SystemExit(2), Speechless()])
def test_errors_of_every_kind(error: BaseException) -> None:
    """An agent that exits, or fails with an error that cannot speak, is a fault; its siblings go on."""

    @agent(writes={"lines": str}, capability="extraction")
    def leaver(data: dict[str, Any]) -> None:
        raise error

    turn = run(leaver)
    assert (turn.status, [fault.agent for fault in turn.faults]) == ("settled", ["leaver"])
    assert type(error).__name__ in turn.faults[0].message


def test_hand_off() -> None:
    """A graph that hands over to the graph around it breaks its contract: the supervisor decides what runs next."""
    from langgraph.graph import START, StateGraph
    from typing_extensions import TypedDict

    class State(TypedDict):
        data: dict[str, Any]

    inner = StateGraph(State)
    inner.add_node("hand", lambda state: Command(graph=Command.PARENT, goto="elsewhere"))
    inner.add_edge(START, "hand")
    turn = run(as_agent(inner.compile(), name="inner", reads={"data"}, writes={"lines"}))
    assert turn.status == "settled"
    assert [(fault.agent, fault.kind) for fault in turn.faults] == [("inner", "contract")]


def test_request_beyond_the_checkpoint() -> None:
    """A number that no checkpoint can hold is refused at the entry, and named."""
    team = Supervisor("team", request=Data, outcome=Found, agents=[sane])
    turn = team.read(team.compile().invoke({"request": {"data": {"n": 10**40}}}))
    assert (turn.status, turn.faults[0].kind) == ("rejected", "request")
    assert sys.maxsize < 10**40
