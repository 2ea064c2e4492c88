"""What a guardrail found goes on counting while what it was found in does: over rounds, budgets and turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from quorate import Agent, Claim, Limits, Policy, Supervisor, Turn, agent


class Mail(BaseModel):
    text: str = "hello"


class Answer(BaseModel):
    reply: str
    topic: str


Others = Sequence[Claim]


@agent(writes={"topic"}, capability="reasoning")
def first(text: str) -> Claim:
    return Claim("topic", "news", 0.8)


def second(*, later: str = "weather", fails: bool = False) -> Agent:
    """An agent whose reply names an address, and which may say another topic where it sees the others'."""

    @agent(name="second", writes={"reply", "topic"}, capability="reasoning", limits=Limits(attempts=1))
    def call(text: str, others: Others) -> Iterator[Claim]:
        if others and fails:
            raise ValueError("no more")
        yield Claim("reply", "ask jo@example.com" if not others else "hello", 0.9)
        yield Claim("topic", later if others else "sports", 0.8)

    return call


def run(*agents: Agent, then: str = "review", **policy: Any) -> Turn:
    guardrail = {"name": "rail", "check": "pii", "then": then, "on": ["output"], **policy.pop("rail", {})}
    parsed = Policy.parse({"defaults": {"accept": 0.6, "revise": 1}, "guardrails": [guardrail], **policy})
    team = Supervisor("mail", request=Mail, outcome=Answer, agents=agents, policy=parsed)
    return team.read(team.compile(checkpointer=InMemorySaver()).invoke({"request": {}}, THREAD))


THREAD: Any = {"configurable": {"thread_id": "t"}}


@pytest.mark.parametrize("other", [second(), second(fails=True), second(later="news")])
def test_hit_stands_while_another_field_is_revised(other: Agent) -> None:
    """A claim that a guardrail sent to a person goes there, also where its agent ran again about another field."""
    turn = run(first, other)
    assert len(turn.runs["second"]) == 2
    assert turn.status == "waiting"
    assert turn.decisions["reply"].review
    assert "rail.email" in turn.decisions["reply"].reason


def test_person_is_asked_where_the_policy_asks_nobody() -> None:
    """What a guardrail sends to a person goes there, also where the policy leaves the field open otherwise."""
    turn = run(first, second(), fields={"reply": {"review": "never"}})
    assert turn.status == "waiting"
    assert "rail.email" in turn.decisions["reply"].reason
