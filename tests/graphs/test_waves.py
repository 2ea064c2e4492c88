"""Waves: agents of a tier run a few at a time, and the rest only where they could change the outcome."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.fakes.bench import Bench

from quorate.agents import Agent, agent
from quorate.contracts import Claim, Limits, Policy


class Request(BaseModel):
    text: str = "t"


class Outcome(BaseModel):
    f: str


def says(name: str, *claims: tuple[str, float], most: int = 1, tier: int = 0, team: bool = False) -> Agent:
    """An agent that makes these claims, and could make `most`."""

    def call(text: str) -> list[Claim]:
        return [Claim("f", value, confidence) for value, confidence in claims]

    made = agent(writes={"f"}, capability="extraction", name=name, tier=tier, limits=Limits(claims=most))(call)
    return Agent(made.contract, call=made.call, is_team=team)


def played(*agents: Agent, **policy: Any) -> Bench:
    desk = Bench(agents, Outcome, request=Request, inputs={}, policy=Policy.parse(policy))
    desk.advance()
    return desk


AGREE = [says(name, ("x", 0.9)) for name in "abcd"]


def test_the_rest_need_not_run() -> None:
    """Once the others could not change the outcome, they are not run, and the reason says so."""
    # three that agree at .9: odds 729; one left, with at most .99 on another value: 729 / (1 + 729 + 99) = .879
    desk = played(*AGREE, defaults={"wave": 1})
    assert desk.dispatched == [["a"], ["b"], ["c"]]
    assert desk.turn.decisions["f"].status == "settled"
    assert desk.turn.decisions["f"].reason == "3 of 3 agents agree, confidence 0.999; d could not change it"


def test_threshold_counts() -> None:
    """With a higher threshold the last one could change the outcome, and runs."""
    desk = played(*AGREE, defaults={"wave": 1, "accept": 0.9})
    assert desk.dispatched == [["a"], ["b"], ["c"], ["d"]]


def test_waves_of_two() -> None:
    """A wave runs side by side."""
    # two that agree at .9: 81; two left with .99 on another value: 99 * 99
    assert played(*AGREE, defaults={"wave": 2}).dispatched == [["a", "b"], ["c", "d"]]


def test_heaviest_first() -> None:
    """Agents of more weight run first, so that fewer must."""
    # d of weight 3: odds 9 ** 3 = 729; three left of weight .1: 99 ** .3 = 3.97
    weights = {"a": 0.1, "b": 0.1, "c": 0.1, "d": 3.0}
    assert played(*AGREE, defaults={"wave": 1, "weights": weights}).dispatched == [["d"]]


def test_by_default_all_run() -> None:
    """Without a wave in the policy a tier runs at once."""
    assert played(*AGREE).dispatched == [["a", "b", "c", "d"]]


def test_agents_that_could_claim_much() -> None:
    """What an agent could do depends on how many claims it may make."""
    # 100 claims of .99 on as many values: 729 / (1 + 729 + 9900)
    desk = played(*AGREE[:3], says("d", ("x", 0.9), most=100), defaults={"wave": 1})
    assert desk.dispatched == [["a"], ["b"], ["c"], ["d"]]


@pytest.mark.parametrize(
    "policy",
    [
        {"rules": [{"name": "r", "field": "f", "then": "review", "when": "dissent > 0"}]},
        {"rules": [{"name": "r", "field": "f", "then": "prefer", "when": 'value == "y"'}]},
        {"rules": [{"name": "r", "field": "f", "then": "veto", "when": 'agent == "d"'}]},
        {"rules": [{"name": "r", "field": "f", "then": "forbid", "when": "usage.runs > 3"}]},
        {"fields": {"f": {"veto": ["d"]}}},
        {"fields": {"f": {"vote": "borda"}}},
        {"fields": {"f": {"vote": "unanimity"}}},
    ],
)
def test_where_the_last_word_may_count_all_run(policy: dict[str, Any]) -> None:
    """With rules or votes by which one agent may change everything, a tier runs at once."""
    assert played(*AGREE, defaults={"wave": 1}, **policy).dispatched == [["a", "b", "c", "d"]]


def test_forbidding_rule_lets_waves_be() -> None:
    """A rule that only takes claims away leaves the bound true."""
    rule = {"name": "r", "field": "f", "then": "forbid", "when": 'value == "y"'}
    assert played(*AGREE, defaults={"wave": 1}, rules=[rule]).dispatched == [["a"], ["b"], ["c"]]


def test_team_may_bring_the_word_of_a_person() -> None:
    """Where an agent is a team, whose person outvotes all, the tier runs at once."""
    desk = played(*AGREE[:3], says("d", ("x", 0.9), team=True), defaults={"wave": 1})
    assert desk.dispatched == [["a", "b", "c", "d"]]


def test_contested_goes_on() -> None:
    """A field that is not settled gets all of its tier, and then the next tier, in waves too."""
    doubt = [says("a", ("x", 0.5)), says("b", ("y", 0.5)), says("c", ("x", 0.99), tier=1), says("d", tier=1)]
    assert played(*doubt, defaults={"wave": 1, "accept": 0.4}).dispatched == [["a"], ["b"], ["c"], ["d"]]


members = st.lists(
    st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from([0.0, 0.3, 0.5, 0.8, 0.9, 0.99, 1.0])), max_size=3),
    min_size=1,
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(
    members,
    st.integers(1, 3),
    st.sampled_from([0.0, 0.5, 0.75, 0.9]),
    st.dictionaries(st.sampled_from("abcde"), st.sampled_from([0.0, 0.1, 0.5, 2.0, 4.0])),
    st.lists(st.integers(0, 1), min_size=5, max_size=5),
    st.booleans(),
)
def test_the_outcome_is_that_of_all(
    claims: list[list[tuple[str, float]]],
    wave: int,
    accept: float,
    weights: dict[str, float],
    tiers: list[int],
    forbids: bool,
) -> None:
    """Whatever agents claim, status and value are those that running whole tiers comes to."""
    team = [
        says(name, *said, most=max(1, len(said)), tier=tier)
        for name, said, tier in zip("abcde", claims, tiers, strict=False)
    ]
    named = {agent.name for agent in team}
    terms = {"accept": accept, "weights": {name: each for name, each in weights.items() if name in named}}
    rules = [{"name": "r", "field": "f", "then": "forbid", "when": 'value == "y" && confidence > 0.85'}]
    policy = {"rules": rules if forbids else []}
    few = played(*team, defaults={**terms, "wave": wave}, **policy)
    whole = played(*team, defaults=terms, **policy)
    one, other = few.turn.decisions["f"], whole.turn.decisions["f"]
    assert (one.status, one.value) == (other.status, other.value)
    assert len(few.runs) <= len(whole.runs)


def test_waves_do_spare_runs() -> None:
    """The property above is no formality: agents are spared, and often."""
    spared = 0

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(st.lists(st.sampled_from([0.9, 0.95, 0.99]), min_size=4, max_size=6))
    def look(sure: list[float]) -> None:
        nonlocal spared
        team = [says(name, ("x", each)) for name, each in zip("abcdef", sure, strict=False)]
        spared += len(team) - len(played(*team, defaults={"wave": 1}).runs)

    look()
    assert spared > 50
