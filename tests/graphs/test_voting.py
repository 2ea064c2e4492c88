"""The voting rules: their formulas by hand, and what must hold of each for any claims."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import (
    AgentCalibration,
    Alternative,
    Claim,
    ConfidenceMap,
    ContextCalibration,
    ContractError,
    FieldCalibration,
    FieldPolicy,
    Vote,
)
from quorate.graphs import VOTING_RULES, Ballot, is_tie
from quorate.graphs.voting import objection

agents = st.sampled_from(["a", "b", "c", "d", "e"])
confidences = st.floats(0, 1)
values = st.sampled_from(["1", "2", "4"])
claims = st.builds(Claim, field=st.just("f"), value=values, confidence=confidences, agent=agents)
ballots = st.lists(claims, max_size=10)
weights = st.dictionaries(agents, st.floats(0, 1_000), max_size=5)

LEARNED = FieldCalibration(
    labels=500,
    order=("c", "a", "b", "d"),
    agents={
        "a": AgentCalibration(competence=0.8, weight=1.0, lead=0.3, second=0.2, slope=0.5),
        "b": AgentCalibration(competence=0.6, weight=0.4, lead=0.2, second=0.1, bloc="twins", correlation=0.9),
        "c": AgentCalibration(competence=0.9, weight=1.5, lead=0.5, second=0.2),
        "d": AgentCalibration(competence=0.5, weight=0.3, bloc="twins", correlation=0.9),
    },
    offset=-1.0,
    spread=(0.2, 0.0, -0.1),
    classes={"1": math.log(0.5), "2": math.log(0.3), "3": math.log(0.2)},
)
NOT_MONOTONE = {"dawid_skene", "signed_pool", "items"}
"""`items` has values of its own; the others say in their docstrings when more support hurts."""

every_rule = pytest.mark.parametrize("name", VOTING_RULES)
calibrated = pytest.mark.parametrize("calibration", [None, LEARNED], ids=["nothing learned", "learned"])


def claim(value: object, confidence: float, agent: str) -> Claim:
    return Claim("f", value, confidence, agent=agent)


def vote(
    name: str,
    ballot: Iterable[Claim],
    calibration: FieldCalibration | None = None,
    context: str = "",
    **terms: object,
) -> tuple[Alternative, ...]:
    policy = FieldPolicy.model_validate({"vote": name, **terms})
    rule: Vote = policy.vote
    return VOTING_RULES[rule](Ballot.of(ballot, lambda each: str(each.value), policy, calibration, context, str))


def shares(candidates: Iterable[Alternative]) -> dict[str, float]:
    return {each.key: round(each.confidence, 4) for each in candidates}


@every_rule
@calibrated
def test_nobody(name: str, calibration: FieldCalibration | None) -> None:
    """No claims give no candidates."""
    assert vote(name, [], calibration) == ()


@every_rule
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1.1, -0.1])
def test_no_number(name: str, wrong: float) -> None:
    """A confidence that is no number in [0, 1] is refused before any rule sees it."""
    with pytest.raises(ContractError, match=r"expected a number in \[0, 1\]"):
        vote(name, [claim("1", 0.8, "a"), claim("1", wrong, "b")])


@every_rule
@calibrated
@given(ballot=ballots, factors=weights, seed=st.integers())
def test_permutation(
    name: str, calibration: FieldCalibration | None, ballot: list[Claim], factors: dict[str, float], seed: int
) -> None:
    """No order of the claims changes anything, not even a rounding."""
    shuffled = random.Random(seed).sample(ballot, len(ballot))
    assert vote(name, shuffled, calibration, weights=factors) == vote(name, ballot, calibration, weights=factors)


@every_rule
@calibrated
@given(ballot=ballots, factors=weights)
def test_shares(
    name: str, calibration: FieldCalibration | None, ballot: list[Claim], factors: dict[str, float]
) -> None:
    """The shares are probabilities that add up to at most 1; saying the same twice changes nothing."""
    candidates = vote(name, ballot, calibration, weights=factors)
    assert all(0 <= each.confidence <= 1 and math.isfinite(each.score) for each in candidates)
    assert math.fsum(each.confidence for each in candidates) <= 1 + 1e-9
    assert vote(name, [*ballot, *ballot], calibration, weights=factors) == candidates


@pytest.mark.parametrize("name", sorted(VOTING_RULES.keys() - NOT_MONOTONE - {"median"}))
@calibrated
@given(ballot=ballots, sure=confidences, value=values)
def test_monotonicity(
    name: str, calibration: FieldCalibration | None, ballot: list[Claim], sure: float, value: str
) -> None:
    """One more agent for a claimed value lowers neither its place nor its share, and raises no other's share."""
    before = {each.key: each for each in vote(name, ballot, calibration)}
    if value not in before:
        return
    after = {each.key: each for each in vote(name, [*ballot, claim(value, sure, "new")], calibration)}
    assert after[value].confidence >= before[value].confidence - 1e-9
    for key, each in before.items():
        if key != value:
            assert after[key].confidence <= each.confidence + 1e-9
            assert (after[value].score >= after[key].score - 1e-9) or before[value].score < each.score


@given(ballot=ballots, agent=agents, value=values, sure=confidences)
def test_monotonicity_of_measured_agents(ballot: list[Claim], agent: str, value: str, sure: float) -> None:
    """In the pool no claim of any agent, in a bloc or not, lowers the value that it is for."""
    before = {each.key: each for each in vote("pool", ballot, LEARNED)}
    after = {each.key: each for each in vote("pool", [*ballot, claim(value, sure, agent)], LEARNED)}
    if value in before:
        assert after[value].confidence >= before[value].confidence - 1e-9


@given(ballot=ballots, tolerance=st.floats(0, 3), sure=confidences)
def test_support_for_the_median(ballot: list[Claim], tolerance: float, sure: float) -> None:
    """One more agent for the median leaves it in the lead, with no smaller share."""
    before = vote("median", ballot, tolerance=tolerance)
    if before and not is_tie(before):
        after = vote("median", [*ballot, claim(before[0].value, sure, "new")], tolerance=tolerance)
        assert after[0].key == before[0].key
        assert after[0].confidence >= before[0].confidence - 1e-9


@every_rule
@calibrated
@given(ballot=ballots)
def test_abstention(name: str, calibration: FieldCalibration | None, ballot: list[Claim]) -> None:
    """An agent without a say, and one that claims nothing, change nothing."""
    mute = [claim("1", 0.9, "mute"), claim("2", 0.9, "mute"), claim("9", 1.0, "mute")]
    alone = vote(name, ballot, calibration)
    assert vote(name, [*ballot, *mute], calibration, weights={"mute": 0.0}) == alone


@every_rule
def test_tie(name: str) -> None:
    """Two equal opinions are a tie, in the order of their keys."""
    one, other = (
        vote(name, [claim("2", 0.8, "a"), claim("1", 0.8, "b")]),
        vote(name, [claim("1", 0.8, "a"), claim("2", 0.8, "b")]),
    )
    assert is_tie(one)
    assert [each.key for each in one] == [each.key for each in other] == ["1", "2"]


def test_copies() -> None:
    """Five copies of one opinion do not outvote two that are independent."""
    bloc = {f"c{n}": AgentCalibration(weight=0.85, bloc="copies", correlation=0.95) for n in range(5)}
    learned = FieldCalibration(agents={**bloc, "i": AgentCalibration(weight=0.85), "j": AgentCalibration(weight=0.85)})
    five = [claim("1", 0.7, f"c{n}") for n in range(5)]
    two = [claim("2", 0.7, "i"), claim("2", 0.7, "j")]
    # .85 * (1 + 2**.05 - 1 + ... ) = .85 * 5**.05 = .9212 against 1.7; e**.9212 = 2.5123, e**1.7 = 5.4739
    # 2.5123 / 8.9862 = .2796, 5.4739 / 8.9862 = .6091
    assert shares(vote("pool", [*five, *two], learned)) == {"2": 0.6091, "1": 0.2796}
    # a copy of a copy moves it by a hair only
    more = FieldCalibration(
        agents={**learned.agents, "c5": AgentCalibration(weight=0.85, bloc="copies", correlation=0.95)}
    )
    assert shares(vote("pool", [*five, claim("1", 0.7, "c5"), *two], more))["1"] < 0.285
    # nobody said that they are copies: five against two
    assert vote("pool", [*five, *two])[0].key == "1"


def test_plurality() -> None:
    """One agent, one vote, for what it is surest of."""
    ballot = [claim("1", 0.6, "a"), claim("1", 0.6, "b"), claim("2", 0.99, "c"), claim("1", 0.5, "c")]
    # a and b for 1, c for 2: 2/3 and 1/3
    assert shares(vote("plurality", ballot)) == {"1": 0.6667, "2": 0.3333}
    # an agent that is equally sure of two values gives half a vote to each: 1.5 / 2, .5 / 2
    assert shares(vote("plurality", [claim("1", 0.6, "a"), claim("1", 0.5, "b"), claim("2", 0.5, "b")])) == {
        "1": 0.75,
        "2": 0.25,
    }
    # a weight of 3 is three votes: 3/5
    assert shares(vote("plurality", ballot, weights={"c": 3.0})) == {"2": 0.6, "1": 0.4}


def test_borda() -> None:
    """Points by rank: the value that everybody ranks second beats two that half of them put first."""
    ballot = [
        *(claim("1", 0.9, "a"), claim("2", 0.5, "a")),
        *(claim("4", 0.9, "b"), claim("2", 0.5, "b")),
        claim("2", 0.9, "c"),
    ]
    # m = 3 candidates. a: 3 to 1, 2 to 2; b: 3 to 4, 2 to 2; c: 3 to 2. 2 has 7, 1 and 4 have 3; 7 / 13 = .5385
    assert shares(vote("borda", ballot)) == {"2": 0.5385, "1": 0.2308, "4": 0.2308}
    # equally sure of two: of the places 2 and 1 the mean, 1.5 each
    assert shares(vote("borda", [claim("1", 0.5, "a"), claim("2", 0.5, "a")])) == {"1": 0.5, "2": 0.5}


def test_median() -> None:
    """The weighted median, with what lies within the tolerance of it."""
    ballot = [claim("10.00", 0.8, "a"), claim("10.01", 0.8, "b"), claim("99", 0.8, "c")]
    # sorted 10.00, 10.01, 99: the median is 10.01; with a tolerance of .01 a and b agree: odds 16 against 4: 16 / 21
    joined = vote("median", ballot, tolerance=0.01)
    assert [(each.value, each.agents) for each in joined] == [("10.01", ("a", "b")), ("99", ("c",))]
    assert shares(joined) == {"10.01": 0.7619, "99": 0.1905}
    # without tolerance each stands alone: 4 / 13
    assert shares(vote("median", ballot))["10.01"] == 0.3077
    # a weight of 3 on c: half of the weight, 2.5, lies at 99
    assert vote("median", ballot, weights={"c": 3.0})[0].key == "99"
    # what is no number comes after the median
    assert vote("median", [*ballot, claim("none", 0.99, "d")])[0].key == "10.01"


def test_items() -> None:
    """Each item is voted on: the set that wins need not be one that anybody claimed."""
    ballot = [claim(["x", "y"], 0.8, "a"), claim(["x", "z"], 0.8, "b"), claim(["x", "y"], 0.7, "c")]
    # l: .8 gives log 4 = 1.3863, .7 gives log(7/3) = .8473.
    # x: 3.6199 for; y: 1.3863 + .8473 - 1.3863 = .8473 for; z: 1.3863 - 1.3863 - .8473 = -.8473: out.
    # the least sure is .8473: 1 / (1 + e**-.8473) = .7
    first = vote("items", ballot)[0]
    assert (first.value, first.agents, round(first.confidence, 4)) == (["x", "y"], ("a", "c"), 0.7)
    # each item has two of three: a set that nobody claimed, with the margin of one l: .8
    split = vote("items", [claim(["x", "y"], 0.8, "a"), claim(["y", "z"], 0.8, "b"), claim(["x", "z"], 0.8, "c")])[0]
    assert (split.value, split.agents, round(split.confidence, 4)) == (["x", "y", "z"], (), 0.8)
    # one claim alone keeps its confidence, the empty list too
    assert shares(vote("items", [claim(["x", "y"], 0.8, "a")])) == {"['x', 'y']": 0.8}
    assert shares(vote("items", [claim([], 0.8, "a")])) == {"[]": 0.8}
    # an item for and against alike is a tie of the set with it and the set without it
    assert is_tie(vote("items", [claim(["x", "y"], 0.8, "a"), claim(["x"], 0.8, "b")]))


def test_one_coin() -> None:
    """Competences, where they were learned; the stated confidences else."""
    coins = FieldCalibration(
        agents={name: AgentCalibration(competence=c) for name, c in {"a": 0.8, "b": 0.6, "c": 0.6}.items()},
        classes={key: math.log(1 / 3) for key in ("1", "2", "3")},
    )
    # K = 3. a for 1, b and c for 2. 1: .8 * .2 * .2 = .032; 2: .1 * .6 * .6 = .036; 3: .1 * .2 * .2 = .004; sum .072
    ballot = [claim("1", 0.5, "a"), claim("2", 0.5, "b"), claim("2", 0.5, "c")]
    assert shares(vote("one_coin", ballot, coins)) == {"2": 0.5, "1": 0.4444}
    # nothing learned: one claim of .8, one other value: .8 against .2
    assert shares(vote("one_coin", [claim("1", 0.8, "a")])) == {"1": 0.8}


def test_dawid_skene() -> None:
    """A claim is read by what the agent claims where that is right."""
    table = {"1": {"1": 0.9, "2": 0.1}, "2": {"1": 0.6, "2": 0.4}}
    logs = {true: {said: math.log(p) for said, p in row.items()} for true, row in table.items()}
    known = FieldCalibration(
        agents={"a": AgentCalibration(competence=0.65, confusion=logs)},
        classes={"1": math.log(0.5), "2": math.log(0.5)},
    )
    # it says 1: .5 * .9 against .5 * .6: .6; it says 2: .5 * .4 against .5 * .1: .8
    assert shares(vote("dawid_skene", [claim("1", 0.5, "a")], known)) == {"1": 0.6}
    assert shares(vote("dawid_skene", [claim("2", 0.5, "a")], known)) == {"2": 0.8}
    # a value that was not learned: as in one_coin
    odd = [claim("7", 0.5, "a")]
    assert vote("dawid_skene", odd, known) == vote("one_coin", odd, known)


def test_pool() -> None:
    """Weights, contexts, the number of values, lead and second, by hand."""
    known = FieldCalibration(
        agents={
            "a": AgentCalibration(weight=1.0, lead=0.5),
            "b": AgentCalibration(weight=0.5, lead=0.2, second=0.1),
            "c": AgentCalibration(weight=-0.3),
        },
        order=("a", "b", "c"),
        offset=-1.0,
        spread=(0.4, 0.0),
        values={"1": -0.2},
        contexts={"law": ContextCalibration(offset=0.3, weights={"b": 1.0}, values={"2": 0.1})},
    )
    # 1: -1 - .2 + 1.0 + .5 = .3; 2: -1 + .5 + .2 = -.3. e**.3 = 1.3499, e**-.3 = .7408; 1.3499 / 3.0907, .7408 / 3.0907
    ballot = [claim("1", 0.5, "a"), claim("2", 0.5, "b")]
    assert shares(vote("pool", ballot, known)) == {"1": 0.4368, "2": 0.2397}
    # in law 1: .3 + .3 = .6; 2: -1 + .3 + .1 + 1.5 + .2 = 1.1. e**.6 = 1.8221, e**1.1 = 3.0042, sum with 1: 5.8263
    assert shares(vote("pool", ballot, known, "law")) == {"2": 0.5156, "1": 0.3127}
    # both for 1: -1 + .4 - .2 + 1 + .5 + .5 + .1 = 1.3; e**1.3 = 3.6693; 3.6693 / 4.6693
    both = [claim("1", 0.5, "a"), claim("1", 0.5, "b")]
    assert shares(vote("pool", both, known)) == {"1": 0.7858}
    # the weight of c is negative: 0 in the pool; -.3 in the signed one, e**1 / (1 + e**1) = .7311
    against = [*both, claim("1", 0.5, "c")]
    assert shares(vote("pool", against, known)) == {"1": 0.7858}
    assert shares(vote("signed_pool", against, known)) == {"1": 0.7311}
    # one that was never measured adds its stated log-odds, times `trust`: log 4 = 1.3863; 1.3 + 1.3863 = 2.6863
    assert shares(vote("pool", [*both, claim("1", 0.8, "new")], known)) == {"1": 0.9362}


def test_stated_confidence() -> None:
    """A measured agent's stated confidence counts by its map, around its mean."""
    learned = AgentCalibration(
        weight=1.0, slope=1.0, centre=0.0, confidence=ConfidenceMap(kind="isotonic", points=((0.2, 0.5), (0.8, 0.6)))
    )
    known = FieldCalibration(agents={"a": learned})
    # .5 lies half way: .55, log(.55 / .45) = .2007; e**1.2007 = 3.3223; 3.3223 / 4.3223
    assert shares(vote("pool", [claim("1", 0.5, "a")], known)) == {"1": 0.7686}


def test_objections() -> None:
    """Who may contest a value does, by claiming another one and not this one."""
    ballot = [claim("1", 0.9, "a"), claim("1", 0.9, "b"), claim("2", 0.3, "c")]

    def why(name: str, *more: Claim, **terms: object) -> str:
        policy = FieldPolicy.model_validate({"vote": name, **terms})
        return objection(policy, vote(name, [*ballot, *more]))

    assert why("confidence") == ""
    assert why("unanimity") == "not unanimous: c against"
    assert why("veto") == ""  # c thinks that it is rather none of them
    assert why("veto", claim("4", 0.7, "d")) == "vetoed by d"
    assert why("veto", veto=["c"]) == "vetoed by c"
    assert why("confidence", veto=["c"]) == "vetoed by c"
    assert why("confidence", claim("1", 0.2, "c"), veto=["c"]) == ""
    assert why("unanimity", claim("1", 0.2, "c")) == ""


def test_vote_needs_no_extra() -> None:
    """The vote, and all of graphs, imports none of numpy, scipy and scikit-learn."""
    code = "import sys, quorate.graphs; sys.exit(bool({'numpy', 'scipy', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
