"""A team as one agent of another, with its questions, and compiled graphs as agents."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from pydantic import BaseModel, Field, ValidationError
from tests.fakes.desk import AGENTS, Document, Posting, Receipt, desk, thread
from tests.fakes.ledgers import Receiving

from quorate import Claim, Limits, Policy, Supervisor, agent
from quorate.contracts import ContractError

SURE = {"request": {"text": "ACME TOTAL 12.00"}}
UNSURE = {"request": {"text": "ACME TOTAL 12.00 CASH 20.00"}}


class Booked(BaseModel):
    company: str
    total: Decimal
    category: str = "other"
    note: str


@agent(writes={"note"}, capability="reasoning")
def note(company: str, total: Decimal) -> Claim:
    return Claim("note", f"{company} {total}", 0.9)


def office(inner: Supervisor | None = None, **options: Any) -> Supervisor:
    """A team with a desk in it."""
    team = (inner or desk(name="desk")).as_agent(**options)
    return Supervisor(
        "office",
        request=Document,
        outcome=Booked,
        agents=[team, note],
        policy=Policy.parse({"defaults": {"accept": 0.4}}),
    )


def test_a_team_claims_what_it_settled() -> None:
    """The inner team's settled fields are claims of one agent, with its confidence and its reason."""
    team = office()
    turn = team.read(team.compile(InMemorySaver()).invoke(SURE, thread()))
    assert (turn.status, turn.values) == ("settled", {"company": "ACME", "total": "12.00", "note": "ACME 12.00"})
    claim = next(each for each in turn.claims if each.field == "total")
    assert claim.agent == "desk"
    assert claim.confidence == pytest.approx(0.903, abs=0.001)
    assert claim.reason == "desk: 2 of 2 agents agree, confidence 0.903"


async def test_a_team_awaited() -> None:
    """The same awaited, and streamed with the steps inside."""
    team = office()
    graph = team.compile(InMemorySaver())
    assert team.read(await graph.ainvoke(SURE, thread("a"))).status == "settled"
    inside = [
        name
        async for space, update in graph.astream(SURE, thread("b"), stream_mode="updates", subgraphs=True)
        for name in update
        if space and space[0].startswith("desk:")
    ]
    assert {"intake", "supervisor", "by_label", "by_place"} <= set(inside)


def test_word_of_a_person_two_teams_below() -> None:
    """What a person decided in a team within a team within a team outvotes the agents of each."""

    @agent(writes={"total"}, capability="extraction")
    def loud(text: str) -> Claim:
        return Claim("total", "99.00", 0.99)

    def around(inner: Supervisor, name: str) -> Supervisor:
        rest = () if name == "middle" else (loud, note)
        outcome = Receipt if name == "middle" else Booked
        policy = Policy.parse({"defaults": {"accept": 0.4}})
        return Supervisor(name, request=Document, outcome=outcome, agents=[inner.as_agent(), *rest], policy=policy)

    team = around(around(desk(), "middle"), "outer")
    graph = team.compile(InMemorySaver())
    (question,) = graph.invoke(UNSURE, thread())["__interrupt__"]
    answer = {"decisions": [{"type": "approve"}], "reviewer": "ann"}
    turn = team.read(graph.invoke(Command(resume={question.id: answer}), thread()))
    assert (turn.values["total"], turn.decisions["total"].by) == ("12.00", "person:ann")


class TestQuestion:
    """A question of the inner team stops the outer one, and is answered there."""

    def test_asked_and_answered(self) -> None:
        """The inner question surfaces with the thread's name; its answer finishes both."""
        team = office()
        graph = team.compile(InMemorySaver())
        (question,) = graph.invoke(UNSURE, thread("7"))["__interrupt__"]
        assert question.value["action_requests"][0]["args"] == {"total": "12.00"}
        assert question.value["quorate"]["thread"] == "7"
        answer = {"type": "edit", "args": {"total": "20"}, "reviewer": "ann"}
        turn = team.read(graph.invoke(Command(resume={question.id: answer}), thread("7")))
        assert (turn.status, turn.values["note"]) == ("settled", "ACME 20")

    def test_awaited(self) -> None:
        """A reviewer's answer is given by the next run, awaited or not."""
        team = office()
        graph = team.compile(InMemorySaver())

        async def both() -> Any:
            (question,) = (await graph.ainvoke(UNSURE, thread()))["__interrupt__"]
            return await graph.ainvoke(Command(resume={question.id: {"type": "approve"}}), thread())

        assert team.read(asyncio.run(both())).values["note"] == "ACME 12.00"

    def test_wrong_answer(self) -> None:
        """A wrong answer is refused as anywhere, and the question stays open; it is no failure of the agent."""
        team = office()
        graph = team.compile(InMemorySaver())
        (question,) = graph.invoke(UNSURE, thread())["__interrupt__"]
        for _ in range(2):
            with pytest.raises(ValidationError, match="valid decimal"):
                graph.invoke(Command(resume={question.id: {"type": "edit", "args": {"total": "x"}}}), thread())
            (task,) = graph.get_state(thread()).tasks
            assert [each.id for each in task.interrupts] == [question.id]
        turn = team.read(graph.invoke(Command(resume={question.id: {"type": "approve"}}), thread()))
        assert (turn.status, turn.faults) == ("settled", ())

    def test_a_later_turn_starts_afresh(self) -> None:
        """The inner team's turn belongs to the outer one's."""
        team = office()
        graph = team.compile(InMemorySaver())
        graph.invoke(UNSURE, thread())
        turn = team.read(graph.invoke({"request": {"text": "ZETA TOTAL 13.00"}}, thread()))
        assert (turn.number, turn.status, turn.values["note"]) == (2, "settled", "ZETA 13.00")

    def test_two_teams_at_once(self) -> None:
        """Two teams that ask in one step are asked one after the other, each by its own id."""

        class Both(BaseModel):
            company: str
            total: Decimal
            category: str = "other"

        first, second = desk(name="first"), desk(name="second")
        team = Supervisor(
            "office",
            request=Document,
            outcome=Both,
            agents=[first.as_agent(), second.as_agent()],
            policy=Policy.parse({"defaults": {"accept": 0.4}}),
        )
        graph = team.compile(InMemorySaver())
        questions = graph.invoke(UNSURE, thread())["__interrupt__"]
        assert len({question.id for question in questions}) == 2
        answers = {question.id: {"type": "approve"} for question in questions}
        turn = team.read(graph.invoke(Command(resume=answers), thread()))
        assert (turn.status, turn.values["total"]) == ("settled", "12.00")
        assert turn.decisions["total"].tally[0].agents == ("first", "second")

    def test_no_timeout_around_a_question(self) -> None:
        """A team as an agent takes no timeout: a person may be asked inside."""
        with pytest.raises(ContractError, match=r"limits\.timeout=5"):
            desk().as_agent(limits=Limits(timeout=5))


def test_effects_of_an_inner_team() -> None:
    """What an inner team does is done once, also when the outer turn is repeated."""
    receiver = Receiving()
    inner = desk(posting=True, receiver=receiver)
    outer = desk(agents=[inner.as_agent(name="inner")], policy={"defaults": {"accept": 0.4}}, outcome=Posting)
    graph = outer.compile(InMemorySaver())
    for _ in range(2):
        assert outer.read(graph.invoke(SURE, thread())).values["posted"] == {"number": "N1"}
    assert receiver.calls == 1


def test_inner_team_that_refuses_the_request() -> None:
    """A request that the inner team refuses is a fault of that agent, in the words of the refusal."""

    class Long(BaseModel):
        text: str = Field(min_length=100)

    inner = Supervisor("inner", request=Long, outcome=desk().outcome, agents=AGENTS)
    team = desk(agents=(*AGENTS, inner.as_agent()))
    turn = team.read(team.compile().invoke(SURE))
    assert turn.status == "settled"
    (fault,) = turn.faults
    assert fault.agent == "inner"
    assert "at least 100 characters" in fault.message


def test_agent_that_asks_by_itself() -> None:
    """An agent may interrupt as any LangGraph node; its answer goes to it alone."""

    @agent(writes={"category"}, capability="reasoning")
    def asker(text: str) -> Claim:
        return Claim("category", interrupt("which?"), 0.9)

    team = desk(agents=[each for each in AGENTS if each.name != "by_company"] + [asker])
    graph = team.compile(InMemorySaver())
    (question,) = graph.invoke(SURE, thread())["__interrupt__"]
    assert question.value == "which?"
    turn = team.read(graph.invoke(Command(resume={question.id: "food"}), thread()))
    assert turn.values == {"company": "ACME", "total": "12.00", "category": "food"}
