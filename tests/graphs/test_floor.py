"""The bound by which agents need not run: never above what any further claims leave."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quorate.contracts import Claim
from quorate.graphs import tally
from quorate.graphs.floor import floor_of_confidence_vote as floor

agents = st.sampled_from("abc")
values = st.sampled_from(["w", "x", "y", "z"])


def claim(value: str, confidence: float, agent: str) -> Claim:
    return Claim("f", value, confidence, agent=agent)


def key(claim: Claim) -> str:
    return str(claim.value)


def test_by_hand() -> None:
    """The examples of the formula."""
    agree = tally([claim("x", 0.9, "a"), claim("x", 0.9, "b")], key)  # odds 9 * 9 = 81
    # nobody is left: 81 / 82
    assert floor(agree, {}, {}) == pytest.approx(81 / 82)
    # one is left, with one claim of .99 on another value, odds 99: that is more than 81
    assert floor(agree, {"c": 1}, {}) == 0.0
    # of weight .5: odds 99 ** .5 = 9.95; 81 / (1 + 81 + 9.95)
    assert floor(agree, {"c": 1}, {"c": 0.5}) == pytest.approx(81 / (82 + math.sqrt(99)))
    # on three values: 81 / (1 + 81 + 3 * 9.95)
    assert floor(agree, {"c": 3}, {"c": 0.5}) == pytest.approx(81 / (82 + 3 * math.sqrt(99)))
    # of weight 0 it has no say
    assert floor(agree, {"c": 3}, {"c": 0.0}) == pytest.approx(81 / 82)
    # x 99 * 99 = 9801, y 4: one left, on y: 9801 / (1 + 9801 + 4 * 99)
    split = tally([claim("x", 0.99, "a"), claim("x", 0.99, "b"), claim("y", 0.8, "d")], key)
    assert floor(split, {"c": 1}, {}) == pytest.approx(9801 / (9802 + 4 * 99))
    # with two claims on y and on a new value: 9801 / (1 + 9801 + 4 * 99 + 99)
    assert floor(split, {"c": 2}, {}) == pytest.approx(9801 / (9802 + 4 * 99 + 99))
    # two of little weight, odds 99 ** .1 = 1.583 each: at worst each on a new value, 9801 / (1 + 9801 + 4 + 2 * 1.583);
    # the bound counts both together on one as well: on y 4 * 1.583 ** 2, or beside it
    little = floor(split, {"c": 1, "e": 1}, {"c": 0.1, "e": 0.1})
    assert little == pytest.approx(9801 / (9802 + 4 * 99**0.2 + 2 * 99**0.1))
    assert little <= 9801 / (9802 + 4 + 2 * 99**0.1)
    # y doubted with .2, odds 1/4: the worst is a new value beside it
    doubt = tally([claim("x", 0.99, "a"), claim("x", 0.99, "b"), claim("y", 0.2, "d")], key)
    assert floor(doubt, {"c": 1}, {}) == pytest.approx(9801 / (9802 + 0.25 + 99))


@settings(max_examples=300)
@example([claim("w", 1.0, "a")], [claim("x", 0.0, "d"), claim("y", 0.0, "e")], {"d": 0.03125, "e": 0.0625})
@given(
    st.lists(st.builds(claim, values, st.floats(0, 1), agents), min_size=1, max_size=6),
    st.lists(st.builds(claim, values, st.floats(0, 1), st.sampled_from("de")), max_size=8),
    st.dictionaries(st.sampled_from("abcde"), st.floats(0, 3)),
)
def test_no_further_claims_go_below(ballot: list[Claim], more: list[Claim], weights: dict[str, float]) -> None:
    """Whatever the others claim, the leading value keeps its lead and at least that confidence."""
    before = tally(ballot, key, weights)
    if not before:
        return
    most = {agent: sum(each.agent == agent for each in more) for agent in "de"}
    least = floor(before, most, weights)
    after = tally([*ballot, *more], key, weights)
    assert next(each.confidence for each in after if each.key == before[0].key) >= least - 1e-9
    if least > 0:
        assert after[0].key == before[0].key


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(claim, values, st.floats(0, 1), agents), min_size=1, max_size=4), st.integers(1, 2))
def test_it_is_reached(ballot: list[Claim], most: int) -> None:
    """The bound is as high as can be: some claims lead to it, or bring another value level; by brute force."""
    weights = {"d": 0.3, "e": 0.2}
    before = tally(ballot, key, weights)
    least = floor(before, {"d": most, "e": 1}, weights)
    others = [each.key for each in before[1:]] + ["new0", "new1", "new2"]
    reached = 1.0
    for of_d in itertools.combinations(others, most):
        for of_e in others:
            worst = [*(claim(value, 1.0, "d") for value in of_d), claim(of_e, 1.0, "e")]
            after = {each.key: each for each in tally([*ballot, *worst], key, weights)}
            leading = after.pop(before[0].key)
            if any(each.score >= leading.score for each in after.values()):
                assert least == 0.0
                return
            reached = min(reached, leading.confidence)
    assert reached == pytest.approx(least)


def test_no_number_is_too_large(recwarn: Any) -> None:
    """The largest weights give no overflow."""
    large = tally([claim("x", 1.0, "a")], key, {"a": 1_000.0})
    assert 0 <= floor(large, {"b": 1_000}, {"b": 1_000.0}) <= 1
    low = tally([claim("x", 0.0, "a")], key, {"a": 1_000.0})
    assert floor(low, {}, {}) == 0.0
