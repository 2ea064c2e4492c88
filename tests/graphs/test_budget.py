"""Budgets in the supervisor's moves: what is set aside, what is refused, and what becomes of the fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.fakes.bench import Bench

from quorate.agents import Agent, agent
from quorate.contracts import Ask, Claim, Dispatch, Finish, Limits, Policy, PolicyError, Spend, Usage
from quorate.contracts.budget import shown


class Request(BaseModel):
    text: str = "t"


class Outcome(BaseModel):
    total: str
    company: str


def takes(
    name: str,
    field: str,
    tokens: int = 0,
    *,
    value: Any = "x",
    usd: float = 0.0,
    confidence: float = 0.9,
    **options: Any,
) -> Agent:
    """An agent that claims a value, and says what it took."""

    def call(text: str) -> Iterator[Claim | Usage]:
        yield Usage("m" if tokens else "", tokens, usd=usd)
        if value is not None:
            yield Claim(field, value, confidence)

    made: Agent = agent(writes={field}, capability="extraction", name=name, **options)(call)
    return made


def bench(*agents: Agent, at_limit: str = "review", policy: Any = None, **budgets: Any) -> Bench:
    data = {"defaults": {"accept": 0.5}, **(policy or {}), "budgets": {**budgets, "at_limit": at_limit}}
    return Bench(agents, Outcome, request=Request, inputs={"text": "t"}, policy=Policy.parse(data))


def declared(tokens: int) -> Limits:
    return Limits(tokens=tokens)


class TestSettingAside:
    """What a dispatch sets aside."""

    def test_nothing_is_bounded(self) -> None:
        """Without a budget nothing is set aside, and nothing is recorded of it."""
        desk = bench(takes("a", "total", 9), takes("b", "company", 9))
        desk.advance()
        move = desk.turn.moves[0]
        assert isinstance(move, Dispatch)
        assert (move.reserved, move.left, desk.turn.faults) == ({}, {}, ())

    def test_what_limits_say(self) -> None:
        """For each agent is set aside what its contract says that it may take, in the units that are bounded."""
        desk = bench(takes("a", "total", limits=declared(300)), takes("b", "company"), turn={"tokens": 500, "steps": 9})
        move = desk.step()
        assert isinstance(move, Dispatch)
        assert move.reserved == {"a": {"tokens": 300, "steps": 1}, "b": {"tokens": 0.0, "steps": 1}}
        assert move.left == {"turn": {"tokens": 500, "steps": 9}}

    def test_agents_wait_for_what_is_set_aside(self) -> None:
        """Agents that could together take more than is left run one after the other: what one leaves the next has."""
        desk = bench(
            takes("a", "total", 100, limits=declared(300)),
            takes("b", "company", 100, limits=declared(300)),
            turn={"tokens": 500},
        )
        assert desk.advance() == Finish("settled", "all 2 goals are settled", desk.turn.moves[-1].at)
        assert desk.dispatched == [["a"], ["b"]]
        assert desk.turn.moves[0].reason == "needed and ready: a; until what is set aside is settled, waiting: b"
        assert desk.turn.spent == Spend(200, steps=2)
        assert not desk.turn.faults

    def test_cheaper_ones_come_first(self) -> None:
        """Of agents of one tier those that take less run first, whatever their names."""
        desk = bench(
            takes("a", "total", limits=declared(400)), takes("z", "company", limits=declared(200)), turn={"tokens": 500}
        )
        desk.step()
        assert desk.dispatched == [["z"]]

    def test_past_runs_tell(self) -> None:
        """Of an agent that says nothing of itself is set aside what it took in an earlier turn of the thread."""
        desk = bench(takes("a", "total", 300), takes("b", "company"), turn={"tokens": 500})
        desk.advance()
        spent = desk.turn.spent_before.after(desk.turn.usage)
        assert (spent.total.tokens, spent.most["a"].tokens) == (300, 300)


class TestAtLimit:
    """What becomes of what there is no budget for."""

    AGENTS = (takes("a", "total", 600, limits=declared(600)), takes("b", "company"))

    def test_refusal_is_recorded(self) -> None:
        """An agent that there is not enough for is not run: a fault says so, with code, bound, rest and fix."""
        desk = bench(*self.AGENTS, turn={"tokens": 500})
        desk.advance()
        (fault,) = desk.turn.faults
        assert (fault.agent, fault.kind, fault.code, fault.attempt) == ("a", "budget", "budget_tokens", 0)
        assert fault.message == "not run: of 500 tokens for this turn 500 tokens left, and it may take 600 tokens"
        assert "budgets.turn.tokens" in fault.fix
        assert desk.dispatched == [["b"]]

    def test_review(self) -> None:
        """`review`: a person decides what the agent would have; the question says why."""
        desk = bench(*self.AGENTS, turn={"tokens": 500})
        move = desk.advance()
        assert isinstance(move, Ask)
        assert move.fields == ("total",)
        assert "there is no budget for a" in move.reason
        move = desk.answer(
            {"type": "edit", "edited_action": {"name": "decide", "args": {"total": "12"}}, "reviewer": "ann"}
        )
        assert isinstance(move, Finish)
        assert move.outcome == "settled"

    def test_review_where_others_have_settled_it(self) -> None:
        """`review`: a person looks also where the agents that there was a budget for agree."""
        desk = bench(*self.AGENTS, takes("c", "total", value="7"), turn={"tokens": 500})
        move = desk.advance()
        assert isinstance(move, Ask)
        assert desk.turn.decisions["total"].value == "7"

    def test_finish(self) -> None:
        """`finish`: nobody is asked, and the turn ends with what is settled."""
        desk = bench(*self.AGENTS, at_limit="finish", turn={"tokens": 500})
        move = desk.advance()
        assert isinstance(move, Finish)
        assert move.outcome == "unsettled"
        assert move.reason.startswith("finished early, there is no budget for a; total: ")
        assert desk.turn.values == {"company": "x"}

    def test_cheaper(self) -> None:
        """`cheaper`: it is decided without the agent, on what cheaper ones claim; a free one always runs."""
        desk = bench(*self.AGENTS, takes("c", "total", value="7"), at_limit="cheaper", turn={"tokens": 500})
        move = desk.advance()
        assert isinstance(move, Finish)
        assert move.outcome == "settled"
        assert desk.turn.values["total"] == "7"

    def test_dear_tier(self) -> None:
        """`cheaper`: where the dear tier cannot be paid, the vote of the cheap one stands, and the policy judges it."""
        cheap = takes("cheap", "total", value="7", confidence=0.3)
        dear = takes("dear", "total", 600, tier=1, limits=declared(600))
        desk = bench(cheap, dear, takes("b", "company"), at_limit="cheaper", turn={"tokens": 500})
        move = desk.advance()
        assert isinstance(move, Ask)
        assert move.fields == ("total",)
        assert desk.dispatched == [["b", "cheap"]]

    def test_fallback(self) -> None:
        """`cheaper`: the agent that takes its place runs, and is not asked for where the budget suffices."""
        cheap = takes("rule", "total", value="7", instead_of="a")
        desk = bench(*self.AGENTS, cheap, at_limit="cheaper", turn={"tokens": 500})
        assert isinstance(desk.advance(), Finish)
        assert desk.turn.values["total"] == "7"
        assert desk.dispatched == [["b", "rule"]]
        desk = bench(*self.AGENTS, cheap, at_limit="cheaper", turn={"tokens": 600})
        desk.advance()
        assert desk.turn.values["total"] == "x"
        assert desk.dispatched == [["a", "b"]]

    def test_optional_field(self) -> None:
        """`review`: a person is asked about a field that may stay empty, too; else nobody would know."""

        class Optional(BaseModel):
            total: str | None = None

        policy = Policy.parse({"budgets": {"turn": {"tokens": 500}}})
        desk = Bench(self.AGENTS[:1], Optional, request=Request, inputs={"text": "t"}, policy=policy)
        move = desk.advance()
        assert isinstance(move, Ask)
        assert move.fields == ("total",)

    @pytest.mark.parametrize("scope", ["turn", "thread", "agents"])
    def test_each_scope(self, scope: str) -> None:
        """The turn, the thread and the agent itself each have a bound of their own."""
        desk = bench(*self.AGENTS, **{scope: {"a": {"tokens": 500}} if scope == "agents" else {"tokens": 500}})
        desk.advance()
        assert [fault.agent for fault in desk.turn.faults] == ["a"]

    def test_steps(self) -> None:
        """A bound on steps refuses every agent beyond it."""
        desk = bench(*self.AGENTS, at_limit="finish", turn={"steps": 1})
        assert isinstance(desk.advance(), Finish)
        assert desk.dispatched == [["a"]]
        assert desk.turn.faults[0].code == "budget_steps"

    def test_no_bound_is_reached_in_a_circle(self) -> None:
        """Revising agents that there is no budget for are not asked again and again; their claims go on counting."""

        def revises(name: str, value: str) -> Agent:
            def call(text: str, others: Any) -> Iterator[Claim | Usage]:
                yield Usage("m", 100)
                yield Claim("total", value, 0.6)

            made: Agent = agent(writes={"total"}, capability="reasoning", name=name, limits=declared(100))(call)
            return made

        policy = {"fields": {"total": {"revise": 2}}}
        desk = bench(revises("a", "1"), revises("b", "2"), takes("c", "company"), policy=policy, turn={"tokens": 200})
        move = desk.advance()
        assert isinstance(move, Ask)
        assert {fault.agent for fault in desk.turn.faults} == {"a", "b"}
        assert desk.dispatched == [["a", "b", "c"]]


class TestOverrun:
    """More was taken than was set aside."""

    def test_overrun_is_a_fault(self) -> None:
        """An overrun is recorded once, with what was spent, of what, and by whom; the claims count."""
        desk = bench(takes("a", "total", 900), takes("b", "company", 200), turn={"tokens": 1000})
        move = desk.advance()
        assert isinstance(move, Finish)
        (fault,) = desk.turn.faults
        assert (fault.agent, fault.kind, fault.code) == ("supervisor", "budget", "budget_tokens")
        assert fault.message == (
            "this turn, tokens: 1,100 tokens were spent of 1,000 tokens; in this turn: a 900 tokens, b 200 tokens"
        )

    def test_beyond_its_own_limits(self) -> None:
        """An agent that takes more than its contract says is named, also where the budget had room for it."""
        desk = bench(takes("a", "total", 900, limits=declared(300)), takes("b", "company"), turn={"tokens": 1000})
        desk.advance()
        (fault,) = desk.turn.faults
        assert "limits.tokens: took 900 tokens in 1 step, and 300 tokens were set aside" in fault.message

    def test_without_a_price(self) -> None:
        """Tokens without a price are a fault where dollars are bounded, and the agent is not run again."""
        desk = bench(takes("a", "total", 900, usd=None), takes("b", "company"), turn={"usd": 1.0})  # type: ignore[arg-type]
        desk.advance()
        (fault,) = desk.turn.faults
        assert (fault.code, fault.agent) == ("budget_price", "supervisor")
        assert "model 'm'" in fault.message
        desk.correct(total="13")
        assert len(desk.turn.faults) == 1


class TestPolicy:
    """The keys of a policy."""

    def test_unknown_key(self) -> None:
        """An unknown key is named with those that there are."""
        with pytest.raises(PolicyError, match=r"budgets.turn.euros.*tokens, usd, seconds, steps"):
            Policy.parse({"budgets": {"turn": {"euros": 3}}})
        with pytest.raises(PolicyError, match=r"budgets.tenant.*hour or more"):
            Policy.parse({"budgets": {"tenant": {"usd": 3, "period": "PT5M"}}})

    def test_digest(self) -> None:
        """A policy without budgets has the digest that it had before there were any; with them another."""
        assert Policy().digest == Policy.parse({"budgets": {}}).digest
        assert Policy().digest != Policy.parse({"budgets": {"turn": {"usd": 1}}}).digest

    @pytest.mark.parametrize(
        "unit, amount, text",
        [
            ("usd", 0.0, "$0.00"),
            ("usd", 0.0125, "$0.0125"),
            ("usd", 1234.5, "$1,234.50"),
            ("tokens", 1, "1 token"),
            ("seconds", 2.5, "2.5 s"),
            ("steps", 3.0, "3 steps"),
        ],
    )
    def test_shown(self, unit: Any, amount: float, text: str) -> None:
        """Amounts are shown with their unit."""
        assert shown(unit, amount) == text


@given(
    st.lists(st.tuples(st.sampled_from(["total", "company"]), st.integers(0, 400), st.integers(0, 2)), max_size=6),
    st.integers(0, 1500),
    st.sampled_from(["cheaper", "finish", "review"]),
)
@settings(max_examples=150, deadline=None)
def test_never_beyond_what_is_allowed(agents: list[tuple[str, int, int]], bound: int, at_limit: str) -> None:
    """Where agents take no more than they say, no turn spends more than it may, and none goes on for ever."""
    team = [
        takes(f"a{number}", field, tokens, value=str(number % 2), tier=tier, confidence=0.4, limits=declared(tokens))
        for number, (field, tokens, tier) in enumerate(agents)
    ]
    team += [takes("t", "total"), takes("c", "company")]
    desk = bench(*team, at_limit=at_limit, turn={"tokens": bound})
    move = desk.advance()
    assert isinstance(move, Ask | Finish)
    assert desk.turn.spent.tokens <= bound
    assert all(fault.attempt == 0 for fault in desk.turn.faults)
    assert not (at_limit == "finish" and desk.turn.faults and isinstance(move, Ask))
