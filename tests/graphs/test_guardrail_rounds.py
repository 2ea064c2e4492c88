"""What a guardrail found goes on counting while what it was found in does: over rounds, budgets and turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from quorate import Agent, Claim, Limits, Passage, Policy, Supervisor, Turn, agent


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


def test_who_takes_the_place_of_an_agent_is_looked_at() -> None:
    """A guardrail for one agent holds for those that take its place, too."""

    @agent(writes={"reply"}, capability="reasoning", limits=Limits(attempts=1))
    def model(text: str) -> Claim:
        raise ConnectionError

    @agent(writes={"reply"}, capability="reasoning", instead_of="model", limits=Limits(attempts=1))
    def smaller(text: str) -> Claim:
        raise ConnectionError

    @agent(writes={"reply"}, capability="reasoning", instead_of="smaller")
    def rule(text: str) -> Claim:
        return Claim("reply", "ask jo@example.com", 0.9)

    turn = run(first, model, smaller, rule, then="fault", rail={"agents": ["model"]})
    assert [(each.agent, each.code) for each in turn.faults if each.kind == "guardrail"] == [("rule", "rail.email")]
    assert "reply" not in turn.values


@pytest.mark.parametrize(
    "passage",
    [Passage("wiki", "1", "jo@example.com"), Passage("jo@example.com", "1"), Passage("wiki", "jo@example.com")],
)
def test_every_part_of_the_evidence_is_looked_at(passage: Passage) -> None:
    """A passage may not carry past a guardrail what a value may not, in its text, source or key."""

    @agent(writes={"reply"}, capability="reasoning")
    def model(text: str) -> Claim:
        return Claim("reply", "fine", 0.9, (passage,))

    turn = run(first, model, then="fault")
    assert [each.code for each in turn.faults] == ["rail.email"]


@pytest.mark.parametrize(
    "said",
    [
        [HumanMessage("my key is AKIAIOSFODNN7EXAMPLE"), AIMessage("fine"), HumanMessage("hello")],
        [AIMessage("your key is AKIAIOSFODNN7EXAMPLE")],
        [HumanMessage([{"type": "text", "text": "AKIAIOSF"}, {"type": "text", "text": "ODNN7EXAMPLE"}])],
        [HumanMessage("hello", additional_kwargs={"note": "AKIAIOSFODNN7EXAMPLE"})],
        [HumanMessage("hello", name="AKIAIOSFODNN7EXAMPLE")],
        [AIMessage("", tool_calls=[{"name": "f", "args": {"x": ["AKIAIOSFODNN7EXAMPLE"]}, "id": "1"}])],
    ],
)
def test_all_that_messages_say_is_looked_at(said: list[Any]) -> None:
    """A request is refused for what any part of a message says, whoever is said to have said it."""
    rail = {"check": "secrets", "on": ["request"]}
    parsed = Policy.parse({"guardrails": [{"name": "rail", "then": "fault", **rail}]})
    team = Supervisor("mail", request=Mail, outcome=Answer, agents=[first, second()], policy=parsed)
    turn = team.read(team.compile().invoke({"request": {}, "messages": said}))
    assert (turn.status, [each.code for each in turn.faults]) == ("rejected", ["rail.awskey"])


def test_the_names_of_fields_are_no_content() -> None:
    """A denied word may be the name of a field of the request."""
    guardrail = {"name": "rail", "check": "content", "deny": ["text"], "on": ["request"]}
    team = Supervisor(
        "mail", request=Mail, outcome=Answer, agents=[first, second()], policy=Policy.parse({"guardrails": [guardrail]})
    )
    assert team.read(team.compile().invoke({"request": {}})).faults == ()


def test_messages_are_bounded_as_the_request_is() -> None:
    """More words than a request may have bytes are refused before a check reads them."""
    policy = Policy.parse({"entry": {"max_bytes": 1_000}})
    team = Supervisor("mail", request=Mail, outcome=Answer, agents=[first, second()], policy=policy)
    turn = team.read(team.compile().invoke({"request": {}, "messages": [("user", "x" * 2_000)]}))
    assert (turn.status, [each.code for each in turn.faults]) == ("rejected", ["too_large"])


def test_half_a_character_makes_no_request_small() -> None:
    """A text that JSON cannot hold counts with its length, and is not kept where that is too much."""
    policy = Policy.parse({"entry": {"max_bytes": 1_000}})
    team = Supervisor("mail", request=Mail, outcome=Answer, agents=[first, second()], policy=policy)
    values = team.compile().invoke({"request": {"text": "x" * 2_000 + "\ud800"}})
    assert ([each.code for each in team.read(values).faults], values["request"]) == (["too_large"], {})
