"""Rounds of revision: contested agents see the others' claims, a bounded number of times."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel
from tests.fakes.bench import Bench

from quorate import Supervisor
from quorate.agents import Agent, agent
from quorate.contracts import Ask, Claim, Dispatch, Finish, Policy, Quote
from quorate.graphs.counted import counted


class Request(BaseModel):
    text: str = "12 or 15"


class Outcome(BaseModel):
    total: Decimal
    company: str = "none"


Others = Sequence[Claim]


def stubborn(name: str, value: Any, confidence: float = 0.8, field: str = "total") -> Agent:
    """An agent that claims the same whenever it runs."""

    def call(text: str) -> Claim:
        return Claim(field, value, confidence, (Quote("text", 0, 2),), f"{name} says so")

    return agent(writes={field}, capability="extraction", name=name)(call)


def revising(name: str, says: Callable[[Others], Any], writes: str = "total") -> Agent:
    """An agent that looks at what the others claim."""

    def call(text: str, others: Others) -> Any:
        return says(others)

    return agent(writes=set(writes.split()), capability="reasoning", name=name)(call)


def silent(name: str, field: str) -> Agent:
    """An agent that claims nothing."""
    return agent(writes={field}, capability="extraction", name=name, reads=())(lambda: None)


def total(value: str, confidence: float = 0.8) -> Claim:
    return Claim("total", Decimal(value), confidence)


def concedes(others: Others) -> Claim:
    """It claims 15, and what the first of the others claims where it sees one."""
    return Claim("total", others[0].value if others else Decimal(15), 0.8)


def bench(*agents: Agent, revise: int = 1, **policy: Any) -> Bench:
    parsed = Policy.parse({"defaults": {"revise": revise, "review": "never"}, **policy})
    quiet = [] if any("company" in each.contract.writes for each in agents) else [silent("z", "company")]
    return Bench([*agents, *quiet], Outcome, request=Request, inputs={}, policy=parsed, goals=["total"])


def test_contested_agent_sees_the_others_and_concedes() -> None:
    """The agent that reads `others` runs again with what the others claim; its new claim takes the old one's place."""
    desk = bench(stubborn("a", "12"), revising("b", concedes))
    assert isinstance(desk.advance(), Finish)
    decision = desk.turn.decisions["total"]
    # after the concession both are for 12: 16 / 17
    assert (decision.status, decision.value, round(decision.confidence, 3)) == ("settled", "12", 0.941)
    assert desk.dispatched == [["a", "b"], ["b"]]
    again = [move for move in desk.turn.moves if isinstance(move, Dispatch)][1]
    assert again.reason == "total is contested, round 1 of revising: b"
    assert again.agents == {"b": {"others:total": 1}}
    assert [dict(claim.basis) for claim in desk.turn.claims if claim.agent == "b"] == [{}, {"others:total": 1}]


def test_others_are_typed_and_have_their_evidence() -> None:
    """It sees value, confidence, evidence and reason of the others' claims, and not its own."""
    seen: list[Others] = []

    def look(others: Others) -> Claim:
        seen.append(others)
        return total("15")

    bench(stubborn("a", "12"), revising("b", look)).advance()
    assert seen[0] == ()
    (claim,) = seen[1]
    assert (claim.agent, claim.value, claim.confidence, claim.reason) == ("a", Decimal(12), 0.8, "a says so")
    assert claim.evidence == (Quote("text", 0, 2),)


def test_nobody_revises() -> None:
    """By default nobody revises; nor where not the vote but the policy wants a person."""
    by_default = bench(stubborn("a", "12"), revising("b", concedes), revise=0)
    by_default.advance()
    always = {"revise": 1, "review": "always"}
    for_a_person = bench(stubborn("a", "12", 0.99), revising("b", lambda others: total("15", 0.3)), defaults=always)
    for_a_person.advance()
    assert len(by_default.dispatched) == len(for_a_person.dispatched) == 1


def test_nobody_revises_what_is_settled_or_said_alone() -> None:
    """There is nothing to revise where the vote settles the field, or where nobody else claims anything."""
    settled = bench(stubborn("a", "12"), revising("b", lambda others: total("12")))
    settled.advance()
    alone = bench(silent("a", "total"), revising("b", lambda others: total("12", 0.2)))
    alone.advance()
    assert len(settled.dispatched) == len(alone.dispatched) == 1


def test_repeated_claim_ends_it() -> None:
    """Where no agent says anything new, there is no further round, however many the policy allows."""
    desk = bench(stubborn("a", "12"), revising("b", lambda others: total("15")), revise=5)
    desk.advance()
    assert desk.dispatched == [["a", "b"], ["b"]]
    assert desk.status("total") == "contested"


def test_going_round_ends() -> None:
    """Two that take each other's value stop when they come back to what they said."""

    def other_of(own: str, others: Others) -> Claim:
        return Claim("total", others[0].value if others else Decimal(own), 0.8)

    desk = bench(
        revising("a", lambda others: other_of("12", others)),
        revising("b", lambda others: other_of("15", others)),
        revise=9,
        bounds={"rounds": 20},
    )
    desk.advance()
    # 12 and 15; 15 and 12; 12 and 15 again, which both have said: no fourth
    assert desk.dispatched == [["a", "b"]] * 3


def test_rounds_are_bounded() -> None:
    """Agents that always say something new stop at the policy's number of rounds."""
    count = iter(range(100, 200))
    desk = bench(stubborn("a", "12"), revising("b", lambda others: total(str(next(count)))), revise=3)
    assert isinstance(desk.advance(), Finish)
    assert desk.dispatched == [["a", "b"], ["b"], ["b"], ["b"]]


def test_bound_on_runs_ends_revising_not_the_turn() -> None:
    """Where an agent has run as often as it may, it is not asked again, and the turn goes on."""
    count = iter(range(100, 200))
    desk = bench(
        stubborn("a", "12"), revising("b", lambda others: total(str(next(count)))), revise=9, bounds={"rounds": 2}
    )
    assert isinstance(desk.advance(), Finish)
    assert desk.dispatched == [["a", "b"], ["b"]]


def test_withdrawing() -> None:
    """An agent that claims nothing any more has withdrawn its claim, and is not asked again."""
    desk = bench(stubborn("a", "12"), revising("b", lambda others: None if others else total("15")), revise=5)
    desk.advance()
    assert (desk.status("total"), desk.turn.decisions["total"].dissent) == ("settled", ())
    assert len(desk.dispatched) == 2


def test_failing_is_not_withdrawing() -> None:
    """An agent that fails in a round is held to what it claimed before."""

    def fail(others: Others) -> Claim:
        if others:
            raise ValueError("no mood")
        return total("15")

    desk = bench(stubborn("a", "12"), revising("b", fail), revise=1)
    desk.advance()
    assert (desk.status("total"), desk.turn.decisions["total"].dissent) == ("contested", ("b",))


def test_another_field_is_left_alone() -> None:
    """What an agent claims anew about another field, while it revises one, unsettles nothing."""

    def both(others: Others) -> list[Claim]:
        return [concedes(others), Claim("company", "Tesco" if others else "Aeon", 0.9)]

    desk = bench(stubborn("a", "12"), revising("b", both, "total company"))
    desk.turn = replace(desk.turn, goals=("company", "total"))
    desk.advance()
    decided = desk.turn.decisions
    assert (decided["company"].value, decided["company"].version, decided["total"].value) == ("Aeon", 1, "12")


def test_claims_that_count() -> None:
    """Those of each agent's newest run about the field: not what was said by the way, nor what was withdrawn."""

    def both(others: Others) -> list[Claim]:
        return [Claim("company", "Tesco" if others else "Aeon", 0.9), *([] if others else [total("15")])]

    desk = bench(stubborn("a", "12"), revising("b", both, "total company"))
    desk.turn = replace(desk.turn, goals=("company", "total"))
    desk.advance()
    assert [claim.value for claim in desk.turn.claims if claim.agent == "b"] == ["Aeon", "15", "Tesco"]
    assert [claim.value for claim in counted(desk.turn, "company")] == ["Aeon"]
    assert [claim.value for claim in counted(desk.turn, "total")] == ["12"]
    assert {claim.value for claim in counted(desk.turn, "total", claims=3, moves=1)} == {"12", "15"}


@pytest.mark.parametrize("fails", [True, False])
def test_claims_that_count_after_a_round(fails: bool) -> None:
    """A round in which the agent failed leaves its claim, another takes its place."""

    def says(others: Others) -> Claim:
        if others and fails:
            raise ValueError("no mood")
        return concedes(others)

    desk = bench(stubborn("a", "12"), revising("b", says))
    desk.advance()
    found = {claim.agent: claim.value for claim in counted(desk.turn, "total")}
    assert found == {"a": "12", "b": "15" if fails else "12"}


def test_two_contested_fields_in_one_run() -> None:
    """An agent that may revise two fields runs once for both."""

    def both(others: Others) -> list[Claim]:
        by_field = {each.field: each.value for each in others}
        company, amount = by_field.get("company", "Tesco"), by_field.get("total", Decimal(15))
        return [Claim("company", company, 0.8), Claim("total", amount, 0.8)]

    desk = bench(stubborn("a", "12"), stubborn("c", "Aeon", field="company"), revising("b", both, "total company"))
    desk.turn = replace(desk.turn, goals=("company", "total"))
    desk.advance()
    assert desk.dispatched == [["a", "b", "c"], ["b"]]
    assert {name: each.value for name, each in desk.turn.decisions.items()} == {"company": "Aeon", "total": "12"}


def test_what_reads_the_field_waits() -> None:
    """An agent that reads the contested field runs once, when the revising is over."""

    @agent(writes={"company"}, capability="reasoning")
    def by_total(total: Decimal) -> Claim:
        return Claim("company", f"of {total}", 0.9)

    desk = bench(stubborn("a", "12"), revising("b", concedes), by_total)
    desk.turn = replace(desk.turn, goals=("company",))
    desk.advance()
    assert desk.dispatched == [["a", "b"], ["b"], ["by_total"]]
    assert desk.turn.decisions["company"].value == "of 12"


def test_person_is_asked_after_the_rounds() -> None:
    """A person is asked what the agents could not settle among themselves."""
    desk = bench(
        stubborn("a", "12"), revising("b", lambda others: total("15")), defaults={"revise": 2, "review": "unsettled"}
    )
    move = desk.advance()
    assert isinstance(move, Ask)
    assert "without b, 12 would be settled" in move.reason


@pytest.mark.parametrize("is_async", [False, True])
def test_in_a_graph(is_async: bool) -> None:
    """The same in a graph, sync and async: what the agent is given comes from the checkpointed state."""
    team = Supervisor(
        "desk",
        request=Request,
        outcome=Outcome,
        agents=[stubborn("a", "12"), revising("b", concedes), stubborn("c", "Aeon", field="company")],
        policy=Policy.parse({"defaults": {"revise": 1, "review": "never"}}),
    )
    graph, given = team.compile(), {"request": {}}
    turn = team.read(asyncio.run(graph.ainvoke(given)) if is_async else graph.invoke(given))
    assert turn.values == {"total": "12", "company": "Aeon"}
    assert [each.agent for each in turn.usage].count("b") == 2


def test_field_of_that_name() -> None:
    """Where the request has a field `others`, an agent reads that field, and revises nothing."""

    class Named(BaseModel):
        others: str = "x"

    def call(others: str) -> Claim:
        assert others == "x"
        return total("15")

    reader = agent(writes={"total"}, capability="reasoning", name="b")(call)
    writer = agent(writes={"total"}, capability="reasoning", name="a", reads=())(lambda: total("12"))
    policy = Policy.parse({"defaults": {"revise": 1, "review": "never"}})
    team = Supervisor(
        "desk", request=Named, outcome=Outcome, agents=[reader, writer, silent("c", "company")], policy=policy
    )
    turn = team.read(team.compile().invoke({"request": {}, "goals": ["total"]}))
    assert sum(isinstance(move, Dispatch) for move in turn.moves) == 1


def test_old_claim_that_is_not_renewed_is_stale() -> None:
    """An agent whose inputs changed, and that claims nothing on the new ones, is told as a conflict."""

    def call(company: str) -> Claim | None:
        return Claim("total", Decimal(15), 0.9) if company == "Aeon" else None

    by_company = agent(writes={"total"}, capability="reasoning", name="b")(call)
    desk = bench(stubborn("a", "12", 0.5), by_company, stubborn("c", "Aeon", field="company"))
    desk.turn = replace(desk.turn, goals=("total",))
    desk.advance()
    desk.correct(company="Tesco")
    decision = desk.turn.decisions["total"]
    assert [(each.kind, each.agents) for each in decision.conflicts] == [("stale", ("b",))]
    assert decision.conflicts[0].note == "b claimed 15 before its inputs changed, and not since"
