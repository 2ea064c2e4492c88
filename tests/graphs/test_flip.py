"""The smallest change of claims that leads to another outcome: by hand, and against brute force."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.contracts import Change, Claim, Decision, Field, FieldPolicy, Flip, Policy, Rule
from quorate.graphs import Context, decide, find_flip
from quorate.graphs.flip import Judge

FIELD = Field("f", str)


def claim(value: str, confidence: float, agent: str) -> Claim:
    return Claim("f", value, confidence, agent=agent)


def judge_with(*rules: Rule, **terms: Any) -> Judge:
    policy = Policy(fields={"f": FieldPolicy(**terms)}, rules=rules)
    return lambda claims: decide(FIELD, claims, policy, Context({}, {}))


def found(*claims: Claim, silent: Sequence[str] = (), rules: tuple[Rule, ...] = (), **terms: Any) -> Flip | None:
    return find_flip(claims, judge_with(*rules, **terms), FIELD.key, silent=silent, monotone=not rules)


def outcome(decision: Decision) -> str | None:
    return decision.value if decision.status == "settled" else None


def changed(claims: Iterable[Claim], flip: Flip) -> list[Claim]:
    """The claims with the changes of the flip, by the words of its documentation."""
    ballot = list(claims)
    for change in flip.changes:
        own = [each for each in ballot if each.agent == change.agent]
        ballot = [each for each in ballot if each.agent != change.agent]
        match change.kind:
            case "drop":
                pass
            case "raise":
                assert any(each.value == change.value for each in own)
                for each in own:
                    sure = max(each.confidence, change.confidence) if each.value == change.value else each.confidence
                    ballot.append(claim(each.value, sure, each.agent))
            case "change" | "add":
                assert bool(own) is (change.kind == "change")
                ballot.append(claim(change.value, change.confidence, change.agent))
    return ballot


A, B, C = claim("x", 0.8, "a"), claim("x", 0.7, "b"), claim("y", 0.8, "c")


def test_without_the_one_who_is_against_it() -> None:
    """One dissenter less is enough."""
    # x: 4 * 7/3 = 9.333, y: 4; 9.333 / 14.333 = .651 < .75; without c 9.333 / 10.333 = .903
    assert found(A, B, C) == Flip((Change("c", "drop"),), "x")


def test_leading_value_first() -> None:
    """Where the same change for either value is enough, it is the leading one's that is told."""
    # x: .8 alone, y: .8 alone: a tie; x leads by its key; without c x is settled at .8, without a y
    assert found(A, C) == Flip((Change("c", "drop"),), "x")


def test_minority_of_one() -> None:
    """Without the agents against the leading value it is settled."""
    # y: 4 * 4 = 16 leads with 16 / 26 = .615 against x with 9. Without a: 16 / 17 = .941
    a, b, c = claim("x", 0.9, "a"), claim("y", 0.8, "b"), claim("y", 0.8, "c")
    assert found(a, b, c, accept=0.9) == Flip((Change("a", "drop"),), "y")


def test_claim_on_the_other_value() -> None:
    """Where leaving a claim out is not enough, the same claim on the other value may be."""
    # y: 4 leads against x: 1.5. Without a y alone has .8; a for y with its own .6: 4 * 1.5 = 6, 6 / 7 = .857
    assert found(claim("x", 0.6, "a"), C, accept=0.85) == Flip((Change("a", "change", "y", 0.6),), "y")


def test_more_confidence() -> None:
    """One claim alone needs the confidence of the threshold, found to two digits."""
    assert found(claim("x", 0.5, "a"), accept=0.75) == Flip((Change("a", "raise", "x", 0.75),), "x")
    assert found(claim("x", 0.5, "a"), accept=0.751) == Flip((Change("a", "raise", "x", 0.76),), "x")


def test_quorum() -> None:
    """A missing voter is one that claimed nothing, if there is one."""
    # with b for x at p: odds 4 * p/(1-p) if p > .5, else 4: .8 >= .75 with any confidence
    assert found(A, quorum=2, silent=("b",)) == Flip((Change("b", "add", "x", 0.0),), "x")
    assert found(A, quorum=2) is None


def test_two_agents() -> None:
    """Where no single agent is enough, two are told."""
    # x: 4 ** 2 = 16, y: 16: a tie. Without c: 16 / (16 + 4 + 1) = .762
    two = [claim("x", 0.8, "a"), claim("x", 0.8, "b"), claim("y", 0.8, "c"), claim("y", 0.8, "d")]
    assert found(*two, accept=0.75) == Flip((Change("c", "drop"),), "x")
    # a surer of x: 4 * 49 / (4 * 49 + 16 + 1) = .920 with .98, 4 * 99 / (4 * 99 + 16 + 1) = .959 with .99
    assert found(*two, accept=0.94) == Flip((Change("a", "raise", "x", 0.99),), "x")
    # the most for one agent is c for x with certainty: 16 * 99 / (16 * 99 + 4 + 1) = .99685. For two: without c, and
    # d for x: 16 * 24 / (16 * 24 + 1) = .9974 with .96
    assert found(*two, accept=0.997) == Flip((Change("c", "drop"), Change("d", "change", "x", 0.96)), "x")


def test_of_settled_field() -> None:
    """What would have unsettled it, or settled another value."""
    # .941 with both, .8 with one
    assert found(claim("x", 0.8, "a"), claim("x", 0.8, "b"), accept=0.9) == Flip((Change("a", "drop"),), None)
    assert found(claim("x", 0.8, "a"), accept=0.7) == Flip((Change("a", "drop"),), None)


def test_nothing_is_enough() -> None:
    """There is no flip where a person must look, whatever is claimed, nor where nobody claimed."""
    assert found(A, B, review="always") is None
    assert found() is None
    assert found(silent=("a",)) is None


def test_rules_are_asked() -> None:
    """A change is judged with the rules."""
    # x: 4 * 7/3 = 9.333, y: 3/7: x leads with .867, and the rule wants a person for it.
    # y with odds of 58.6 or more: 58.6 / (58.6 + 9.333 + 1) = .85, so with .99 (99), not with .98 (49)
    large = Rule(name="large", field="f", then="review", when='value == "x"')
    assert found(A, B, claim("y", 0.3, "c"), rules=(large,), accept=0.85) == Flip(
        (Change("c", "raise", "y", 0.99),), "y"
    )


def test_too_many_to_try() -> None:
    """With too many agents to try, all who are against it are left out, and it is said that fewer may be enough."""
    crowd = [claim("x", 0.8, f"a{i:02}") for i in range(12)] + [claim("y", 0.8, f"b{i:02}") for i in range(12)]
    flip = find_flip(crowd, judge_with(accept=0.999999), FIELD.key, trials=100)
    assert flip is not None
    assert not flip.exact
    assert [change.kind for change in flip.changes] == ["drop"] * 12
    assert flip.value == "x"
    assert outcome(judge_with(accept=0.999999)(changed(crowd, flip))) == "x"


def test_trials_are_bounded() -> None:
    """No more ballots are judged than allowed, but for the few that the result is refined and checked with."""
    count = itertools.count()

    def judge(claims: Sequence[Claim]) -> Decision:
        next(count)
        return judge_with(accept=1.0)(claims)

    crowd = [claim("xyz"[i % 3], 0.8, f"a{i:02}") for i in range(30)]
    assert find_flip(crowd, judge, FIELD.key, trials=50) is None
    assert next(count) <= 53


agents = st.sampled_from("abcd")
levels = st.sampled_from([0.0, 0.2, 0.5, 0.6, 0.8, 0.9, 0.99, 1.0])
claims = st.builds(claim, value=st.sampled_from("xyz"), confidence=levels, agent=agents)
ballots = st.lists(claims, max_size=5)
terms = st.fixed_dictionaries(
    {"accept": st.sampled_from([0.0, 0.5, 0.75, 0.9, 0.97, 1.0]), "quorum": st.integers(1, 3)},
    optional={"weights": st.dictionaries(agents, st.sampled_from([0.0, 0.5, 2.0]), max_size=2)},
)
silences = st.lists(st.sampled_from("de"), max_size=1, unique=True)


@settings(max_examples=150, deadline=None)
@given(ballots, terms, silences, st.booleans())
def test_it_flips(ballot: list[Claim], given_terms: dict[str, Any], silent: list[str], monotone: bool) -> None:
    """The claims with the change lead to the outcome that is told, and it is another one."""
    judge = judge_with(**given_terms)
    flip = find_flip(ballot, judge, FIELD.key, silent=silent, monotone=monotone)
    if flip is not None:
        assert outcome(judge(changed(ballot, flip))) == flip.value != outcome(judge(ballot))
        assert len({change.agent for change in flip.changes}) == len(flip.changes)


def others(ballot: Sequence[Claim], agent: str, confidences: Sequence[float]) -> Iterator[list[Claim]]:
    """Everything that one agent could claim: nothing, or any set of the known values with any of the confidences."""
    values = sorted({each.value for each in ballot})
    for chosen in itertools.product([None, *confidences], repeat=len(values)):
        yield [claim(value, sure, agent) for value, sure in zip(values, chosen, strict=True) if sure is not None]


def flips_with(ballot: Sequence[Claim], names: Sequence[str], judge: Judge, confidences: Sequence[float]) -> bool:
    """Whether any claims of these agents lead to another outcome."""
    rest = [each for each in ballot if each.agent not in names]
    before = outcome(judge(ballot))
    ways = itertools.product(*(others(ballot, name, confidences) for name in names))
    return any(outcome(judge([*rest, *itertools.chain(*way)])) != before for way in ways)


@settings(max_examples=60, deadline=None)
@given(ballots, terms, silences)
def test_no_smaller_one_does(ballot: list[Claim], given_terms: dict[str, Any], silent: list[str]) -> None:
    """Where nothing is settled, no fewer agents could have settled it, whatever they claim: by brute force."""
    judge = judge_with(**given_terms)
    if outcome(judge(ballot)) is not None:
        return
    flip = find_flip(ballot, judge, FIELD.key, silent=silent, monotone=True, trials=10_000)
    names = sorted({each.agent for each in ballot} | set(silent))
    smaller = len(flip.changes) - 1 if flip is not None else min(2, len(names))
    for size in range(1, min(smaller, 2) + 1):
        for few in itertools.combinations(names, size):
            assert not flips_with(ballot, few, judge, (0.01, 0.5, 0.99))
    assert flip is None or flip.exact


@settings(max_examples=100, deadline=None)
@given(ballots, terms)
def test_ruling_out_sizes_loses_nothing(ballot: list[Claim], given_terms: dict[str, Any]) -> None:
    """The quick search and the full one find a change of the same size."""
    judge = judge_with(**given_terms)
    quick = find_flip(ballot, judge, FIELD.key, monotone=True, trials=100_000)
    full = find_flip(ballot, judge, FIELD.key, trials=100_000)
    assert quick == full


@settings(max_examples=100, deadline=None)
@given(ballots, terms, silences, st.randoms())
def test_order_does_not_matter(
    ballot: list[Claim], given_terms: dict[str, Any], silent: list[str], random: Any
) -> None:
    """Permuting the claims changes nothing of the flip."""
    judge = judge_with(**given_terms)
    shuffled = list(ballot)
    random.shuffle(shuffled)
    one, other = (find_flip(each, judge, FIELD.key, silent=silent) for each in (ballot, shuffled))
    assert one == other


@pytest.mark.parametrize("trials", [1, 2, 5])
def test_few_trials_never_lie(trials: int) -> None:
    """However few the trials, what is found does flip."""
    judge = judge_with(accept=0.9)
    flip = find_flip([A, B, C], judge, FIELD.key, trials=trials)
    assert flip is None or outcome(judge(changed([A, B, C], flip))) == flip.value
