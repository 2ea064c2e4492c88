"""The vote: its formula by hand, and what must hold of it for any claims."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import Claim
from quorate.graphs import is_tie, tally

agents = st.sampled_from(["a", "b", "c", "d", "e"])
values = st.sampled_from(["x", "y", "z"])
claims = st.builds(Claim, field=st.just("f"), value=values, confidence=st.floats(0, 1), agent=agents)
ballots = st.lists(claims, max_size=12)
weights = st.dictionaries(agents, st.floats(0, 1_000), max_size=5)


def claim(value: str, confidence: float, agent: str = "a") -> Claim:
    return Claim("f", value, confidence, agent=agent)


def key(claim: Claim) -> str:
    return str(claim.value)


def shares(*ballot: Claim, weights: dict[str, float] | None = None) -> dict[str, float]:
    return {each.key: round(each.confidence, 4) for each in tally(ballot, key, weights)}


def test_nobody() -> None:
    """No claims give no candidates, and no tie."""
    assert tally([], key) == ()
    assert not is_tie(())


@pytest.mark.parametrize("confidence", [0.01, 0.2, 0.5, 0.8, 0.99])
def test_one_claim_keeps_its_confidence(confidence: float) -> None:
    """A single claim has the confidence that it came with."""
    # odds p/(1-p) against 1 for 'none of these': (p/(1-p)) / (1 + p/(1-p)) = p
    assert tally([claim("x", confidence)], key)[0].confidence == pytest.approx(confidence)


def test_certainty_is_clipped() -> None:
    """A claim of 1 counts as .99, and one of 0 as .01."""
    assert shares(claim("x", 1.0)) == {"x": 0.99}
    assert shares(claim("x", 0.0)) == {"x": 0.01}


def test_by_hand() -> None:
    """The examples of the formula."""
    # two that agree at .8: odds 4 * 4 = 16; 16 / (1 + 16) = .9412
    assert shares(claim("x", 0.8), claim("x", 0.8, "b")) == {"x": 0.9412}
    # two that disagree at .8: odds 4 each; 4 / (1 + 4 + 4) = .4444
    assert shares(claim("x", 0.8), claim("y", 0.8, "b")) == {"x": 0.4444, "y": 0.4444}
    # .9 and .6 for x, .8 for y: odds 9 * 1.5 = 13.5 and 4; 13.5 / 18.5 = .7297, 4 / 18.5 = .2162
    assert shares(claim("x", 0.9), claim("x", 0.6, "b"), claim("y", 0.8, "c")) == {"x": 0.7297, "y": 0.2162}
    # doubts do not add up: of .3 and .2 the larger counts, odds 3/7; (3/7) / (1 + 3/7) = .3
    assert shares(claim("x", 0.3), claim("x", 0.2, "b")) == {"x": 0.3}
    # .8 with a doubtful second of .3: odds 4, the doubt is left out; 4 / 5 = .8
    assert shares(claim("x", 0.8), claim("x", 0.3, "b")) == {"x": 0.8}
    # a weight of 2 squares the odds: 4 ** 2 = 16; 16 / 17 = .9412
    assert shares(claim("x", 0.8), weights={"a": 2.0}) == {"x": 0.9412}
    # a weight of .5 takes the root: 4 ** .5 = 2; 2 / 3 = .6667
    assert shares(claim("x", 0.8), weights={"a": 0.5}) == {"x": 0.6667}
    # one agent with two candidates, .8 and .5: odds 4 and 1; 4 / 6 = .6667, 1 / 6 = .1667
    assert shares(claim("x", 0.8), claim("y", 0.5)) == {"x": 0.6667, "y": 0.1667}


def test_an_agent_of_weight_zero_has_no_say() -> None:
    """Its claims change nothing: no candidate of its own, no support, no share taken from the others."""
    assert shares(claim("x", 0.9, "b"), weights={"b": 0.0}) == {}
    assert shares(claim("x", 0.8), claim("y", 0.9, "b"), weights={"b": 0.0}) == {"x": 0.8}
    assert shares(claim("x", 0.3), claim("x", 0.9, "b"), weights={"b": 0.0}) == {"x": 0.3}


def test_largest_weight_is_a_number() -> None:
    """The largest weight that a policy may give makes no infinity and no NaN."""
    candidates = tally(
        [claim("x", 1.0), claim("x", 1.0, "b"), claim("y", 1.0, "c")], key, dict.fromkeys("abc", 1_000.0)
    )
    assert all(math.isfinite(each.score) and math.isfinite(each.confidence) for each in candidates)
    assert candidates[0].key == "x"


def test_value_is_that_of_the_most_confident_claim() -> None:
    """Of several ways to write one value, that of the surest claim is shown; of equally sure ones the last in order."""
    ballot = [claim("12", 0.7, "a"), claim("12.00", 0.8, "b"), claim("12.0", 0.8, "c")]
    one = tally(ballot, lambda each: "12")
    other = tally(ballot[::-1], lambda each: "12")
    assert one == other
    assert one[0].value == "12.00"
    assert one[0].agents == ("a", "b", "c")


def test_ties_are_explicit() -> None:
    """Equal scores are a tie, kept in the order of their keys; a hair's breadth is none."""
    tied = tally([claim("y", 0.8, "a"), claim("x", 0.8, "b")], key)
    assert is_tie(tied)
    assert [each.key for each in tied] == ["x", "y"]
    assert not is_tie(tally([claim("y", 0.8, "a"), claim("x", 0.8001, "b")], key))
    assert not is_tie(tally([claim("x", 0.8)], key))


@given(ballots, weights, st.randoms())
def test_order_does_not_matter(ballot: list[Claim], factors: dict[str, float], random: object) -> None:
    """Permuting the claims changes nothing, not even a rounding."""
    shuffled = list(ballot)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert tally(shuffled, key, factors) == tally(ballot, key, factors)


@given(ballots, weights)
def test_repetition_does_not_matter(ballot: list[Claim], factors: dict[str, float]) -> None:
    """An agent that says the same again, or less surely, changes nothing."""
    weaker = [Claim("f", each.value, each.confidence / 2, agent=each.agent) for each in ballot]
    assert tally([*ballot, *ballot], key, factors) == tally(ballot, key, factors)
    assert tally([*weaker, *ballot], key, factors) == tally(ballot, key, factors)


@given(ballots, claims, weights)
def test_support_never_lowers(ballot: list[Claim], more: Claim, factors: dict[str, float]) -> None:
    """One more claim on a value never lowers its score or its share, and never raises another's share."""
    before = {each.key: each for each in tally(ballot, key, factors)}
    after = {each.key: each for each in tally([*ballot, more], key, factors)}
    for name, candidate in before.items():
        if name == key(more):
            assert after[name].score >= candidate.score
            assert after[name].confidence >= candidate.confidence - 1e-12
        else:
            assert after[name].score == candidate.score
            assert after[name].confidence <= candidate.confidence + 1e-12


@given(ballots, weights)
def test_shares_are_probabilities(ballot: list[Claim], factors: dict[str, float]) -> None:
    """All shares lie in [0, 1] and sum to at most 1; the best comes first."""
    candidates = tally(ballot, key, factors)
    assert all(0 <= each.confidence <= 1 for each in candidates)
    assert math.fsum(each.confidence for each in candidates) <= 1 + 1e-12
    assert [each.score for each in candidates] == sorted((each.score for each in candidates), reverse=True)


@given(ballots)
def test_names_of_agents_do_not_matter(ballot: list[Claim]) -> None:
    """Renaming the agents changes no score."""
    names = dict(zip("abcde", "qzxpw", strict=True))
    renamed = [Claim("f", each.value, each.confidence, agent=names[each.agent]) for each in ballot]
    assert [(c.key, c.value, c.score) for c in tally(renamed, key)] == [
        (c.key, c.value, c.score) for c in tally(ballot, key)
    ]
