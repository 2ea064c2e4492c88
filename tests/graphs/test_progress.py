"""Progress: circles are found, named and ended; what only looks like one is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.fakes.bench import Bench, turn_of

from quorate.agents import Agent, agent
from quorate.contracts import Ask, Claim, Dispatch, Effect, Finish, Halt, Opinion, Policy, fields_of
from quorate.graphs import Roster
from quorate.graphs.progress import circle, contents_of, stuck


class Request(BaseModel):
    text: str = "t"


class Outcome(BaseModel):
    total: str
    tax: str
    note: str = "none"
    category: str = "none"


def says(name: str, field: str, reads: str = "text", value: Any = "x") -> Agent:
    """An agent that claims a value, or what a function makes of what it reads."""

    def call(**fields: Any) -> Iterator[Claim]:
        yield Claim(field, value(**fields) if callable(value) else value, 0.9)

    bare: Agent = agent(writes={field}, capability="reasoning", reads=(), name=name)(lambda: None)
    return Agent(replace(bare.contract, reads=frozenset(reads.split())), call=call)


def flips(field: str, period: int, *, name: str = "") -> list[dict[str, Any]]:
    """Rules under which a field's value changes with the number of runs, and comes again after a period."""
    return [
        {
            "name": f"{name or field} {number}",
            "field": field,
            "then": "force",
            "when": f"int(usage.runs) % {period} == {number}",
            "value": f"v{number}",
        }
        for number in range(period)
    ]


def bench(*agents: Agent, outcome: type[BaseModel] = Outcome, **policy: Any) -> Bench:
    return Bench(agents, outcome, request=Request, inputs={"text": "t"}, policy=Policy.parse(policy))


TEAM = (says("t", "total"), says("x", "tax"), says("n", "note"), says("c", "category"))


class TestCircles:
    """What gets nowhere is ended by a Halt, with a fault that names it."""

    def test_repetition(self) -> None:
        """One agent that gets the same two values in turns is stopped before it reads one of them a third time."""
        desk = bench(*TEAM[:3], says("c", "category", "total", lambda total: total), rules=flips("total", 2))
        move = desk.advance()
        assert isinstance(move, Halt)
        assert "agent 'c' goes round: after 4 runs the same values of total come again" in move.reason
        (fault,) = desk.turn.faults
        assert (fault.agent, fault.kind, fault.code) == ("supervisor", "progress", "repetition")
        assert "'c'" in fault.message
        assert "total" in fault.message
        assert "usage" in fault.fix

    def test_ping_pong(self) -> None:
        """Several agents that go round over the same field are named together, with the field."""
        desk = bench(
            *TEAM[:2],
            says("n", "note", "total", lambda total: total),
            says("c", "category", "total", lambda total: total + "!"),
            rules=flips("total", 3),
            bounds={"rounds": 20},
        )
        move = desk.advance()
        assert isinstance(move, Halt)
        assert "agents 'c', 'n' go round" in move.reason
        (fault,) = desk.turn.faults
        assert fault.code == "ping_pong"

    def test_interleaved_circles(self) -> None:
        """Two circles of different lengths that turn at the same time are both found, and told apart."""
        desk = bench(
            *TEAM[:2],
            says("n", "note", "total", lambda total: total),
            says("c", "category", "tax", lambda tax: tax),
            rules=[*flips("total", 2), *flips("tax", 4)],
            bounds={"rounds": 50, "moves": 200},
        )
        move = desk.advance()
        assert isinstance(move, Halt)
        assert {fault.kind for fault in desk.turn.faults} == {"progress"}
        assert len(desk.turn.moves) < 20

    def test_claims_that_do_not_change(self) -> None:
        """An agent that always says the same, however often its input changes, is not run for ever."""
        desk = bench(*TEAM[:3], says("c", "category", "total", "same"), rules=flips("total", 50), bounds={"rounds": 40})
        move = desk.advance()
        assert isinstance(move, Halt)
        (fault,) = desk.turn.faults
        assert fault.code == "unchanged"
        assert fault.message == ("agent 'c' claims the same as in its last 3 runs, though total changes each time")

    def test_a_bound_names_the_circle(self) -> None:
        """Where a bound strikes first, its Halt says which circle was begun."""
        desk = bench(
            *TEAM[:3],
            says("c", "category", "total", lambda total: total),
            rules=flips("total", 2),
            bounds={"rounds": 3},
        )
        move = desk.advance()
        assert isinstance(move, Halt)
        assert move.reason.startswith("agent 'c' has run 3 times, the bound on rounds; agent 'c' goes round")
        assert desk.turn.faults[0].code == "repetition"

    def test_a_bound_without_a_circle(self) -> None:
        """A bound that strikes where all gets on says nothing of a circle."""
        desk = bench(*TEAM[:3], says("c", "category", "total"), bounds={"moves": 2})
        move = desk.advance()
        assert isinstance(move, Halt)
        assert desk.turn.faults == ()

    def test_waiting(self) -> None:
        """Fields that wait for each other are found through agents and approvals, and named in order."""
        acts = agent(writes={"note"}, capability="action", name="post")(lambda text: None)
        roster = Roster(
            [says("t", "total"), says("x", "tax", "note"), says("c", "category"), acts],
            fields_of(Request),
            fields_of(Outcome),
        )
        policy = Policy.parse({"effects": {"book": {"approve": "decided.tax == '1'"}}})
        effect = Effect("book", {}, field="note", agent="post")
        found = circle(["note", "tax"], {"slot": effect}, roster, policy)
        assert found is not None
        assert found.fault.message == "a circle: note -> the approval of book -> tax -> x -> note"
        assert (found.agents, found.fields, found.fault.code) == (("x",), ("note", "tax"), "waiting")
        assert circle(["tax"], {"slot": effect}, roster, policy) is None


class TestNoFalseAlarms:
    """What a team does anyway is no circle."""

    def test_value_that_returns_once(self) -> None:
        """A value may come back once: a person puts right what another had changed."""
        desk = bench(*TEAM[:3], says("c", "category", "total", lambda total: total))
        desk.advance()
        for value in ("5", "6", "5", "6"):
            move = desk.correct(total=value)
            assert isinstance(move, Finish)
        assert desk.turn.faults == ()
        assert len([one for one in desk.dispatched if one == ["c"]]) == 5

    @given(st.lists(st.sampled_from(["1", "2", "3"]), max_size=12))
    @settings(max_examples=40, deadline=None)
    def test_corrections(self, values: list[str]) -> None:
        """However often people change their minds, what they say is never a circle."""
        desk = bench(
            *TEAM[:2],
            says("n", "note", "total", "same"),
            says("c", "category", "total", lambda total: total),
            bounds={"rounds": 90, "moves": 300},
        )
        desk.advance()
        for value in values:
            assert isinstance(desk.correct(total=value), Finish)
        assert desk.turn.faults == ()

    @given(st.integers(0, 5), st.lists(st.sampled_from("ab"), min_size=2, max_size=8))
    @settings(max_examples=60, deadline=None)
    def test_revise_rounds(self, revise: int, words: list[str]) -> None:
        """Agents that revise, swap their claims or insist are bounded by the policy, and are no circle."""

        def revises(name: str, own: list[str]) -> Agent:
            said = iter(own * 5)
            return says(name, "total", "text others", lambda **_: next(said))

        desk = bench(
            revises("a", words),
            revises("b", words[::-1]),
            *TEAM[1:3],
            says("c", "category", "total"),
            fields={"total": {"revise": revise, "accept": 0.95}},
            bounds={"rounds": 9},
        )
        assert isinstance(desk.advance(), Ask | Finish)
        assert desk.turn.faults == ()

    def test_failing_agents(self) -> None:
        """An agent that fails, and is run again on other inputs, is no circle."""

        def fails(**_: Any) -> str:
            raise RuntimeError("down")

        desk = bench(*TEAM[:3], says("c", "category", "total", fails))
        desk.advance()
        for value in ("5", "6", "7"):
            desk.correct(total=value)
        assert {fault.kind for fault in desk.turn.faults} == {"error"}

    def test_messages(self) -> None:
        """An agent that reads the conversation runs for each thing that is said, and may always answer the same."""

        class Chat(BaseModel):
            total: str

        desk = Bench([says("a", "total", "messages")], Chat, request=Request, inputs={"text": "t"}, policy=Policy())
        desk.say("hello")
        desk.advance()
        assert desk.turn.faults == ()


class TestDigest:
    """What counts as the same values."""

    ROSTER = Roster([*TEAM[:3], says("c", "category", "total")], fields_of(Request), fields_of(Outcome))

    def test_by_value(self) -> None:
        """Another version of a decision with the same value has the same digest, another value another."""
        desk = bench(*TEAM[:3], says("c", "category", "total"))
        desk.advance()
        moves = [move for move in desk.turn.moves if isinstance(move, Dispatch)]
        assert set(moves[0].contents) == set()  # they read the request alone
        first = moves[1].contents["c"]
        desk.correct(total="5")
        desk.correct(total="x")
        again = [move.contents["c"] for move in desk.turn.moves if isinstance(move, Dispatch) and "c" in move.agents]
        assert again[0] == first == again[2] != again[1]

    def test_older_checkpoints(self) -> None:
        """A turn whose moves have no digests, from before there were any, is no circle."""
        bases = {"c": {"total": 9}}
        moves = tuple(Dispatch({"c": {"total": number}}, "") for number in range(1, 9))
        turn = turn_of(moves=moves, opinions=(Opinion(1, 8, "correct"),))
        assert stuck(bases, contents_of(bases, turn, {}, self.ROSTER), turn, self.ROSTER) == ()


@pytest.mark.parametrize("period", [2, 3, 4, 5])
@pytest.mark.parametrize("rounds", [5, 30])
def test_every_flip_ends(period: int, rounds: int) -> None:
    """Whatever the length of a circle, the turn ends with a Halt that names the agent and the field."""
    desk = bench(
        *TEAM[:3],
        says("c", "category", "total", lambda total: total),
        rules=flips("total", period),
        bounds={"rounds": rounds, "moves": 200},
    )
    move = desk.advance()
    assert isinstance(move, Halt)
    assert "'c'" in move.reason
    if period < rounds:
        assert desk.turn.faults[0].kind == "progress"


def test_effect_that_waits_for_what_follows_from_it() -> None:
    """Where the approval of an effect looks at what follows from the effect, a person is asked, and told why."""
    bare: Agent = agent(writes={"note"}, capability="action", reads=(), name="post")(lambda: None)
    acts = Agent(replace(bare.contract, reads=frozenset({"text"})), call=lambda text: Effect("book", {"text": text}))
    desk = bench(
        *(says("t", "total"), says("x", "tax", "note"), says("c", "category"), acts),
        effects={"book": {"approve": "decided.tax == '1'"}},
    )
    move = desk.advance()
    assert isinstance(move, Ask)
    assert move.reason.endswith("a circle: note -> the approval of book -> tax -> x -> note")
    assert [fault.code for fault in desk.turn.faults] == ["waiting"]
    move = desk.answer({"type": "approve", "reviewer": "ann"})
    assert isinstance(move, Finish)
    assert desk.turn.values["note"] == "done 1"
