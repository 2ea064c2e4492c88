"""The voting rules on values of the fields' own types, against brute force, and with any artefact that is accepted."""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import (
    LEARNED,
    AgentCalibration,
    Calibration,
    Claim,
    Decision,
    Field,
    FieldCalibration,
    FieldPolicy,
    Policy,
    Rule,
    Vote,
)
from quorate.graphs import VOTING_RULES, Ballot, Context, decide, is_tie

agents = st.sampled_from(["a", "b", "c", "d", "e"])
confidences = st.floats(0, 1)
words = st.lists(st.sampled_from(["x", "y", "z"]), unique=True, max_size=3)
sets = st.dictionaries(agents, st.tuples(words, confidences), max_size=5)
numbers = st.dictionaries(agents, st.tuples(st.integers(-5, 5), st.floats(0.1, 10)), min_size=1)


def decided(
    annotation: Any, claimed: Mapping[str, tuple[Any, float]], learned: FieldCalibration | None = None, **terms: Any
) -> Decision:
    policy = Policy(
        fields={"f": FieldPolicy.model_validate({"accept": 0.3, **terms})},
        calibration=Calibration(fields={"f": learned}) if learned else None,
    )
    claims = [Claim("f", value, sure, agent=agent) for agent, (value, sure) in claimed.items()]
    return decide(Field("f", annotation), claims, policy, Context({}, {}))


def alike(*values: Any, sure: float = 0.8) -> dict[str, tuple[Any, float]]:
    return {f"agent{number}": (value, sure) for number, value in enumerate(values)}


@pytest.mark.parametrize(
    "annotation, three, middle",
    [
        (datetime.date, ("2026-01-01", "2026-01-02", "2029-01-01"), "2026-01-02"),
        (datetime.date | None, ("2026-02-28", "2026-03-01", "2020-01-01"), "2026-02-28"),
        (datetime.datetime, ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00.5+01:00", "2029-01-01T00:00:00Z"), None),
        (datetime.timedelta, ("PT10S", "PT11S", "PT1H"), "PT11S"),
        (datetime.time, ("10:00:00", "10:00:01", "12:00:00"), "10:00:01"),
        (Decimal, ("9e999999", "9e999999", "-9e999999"), "9e999999"),
        (float, (10.0, 10.5, 99.0), 10.5),
        (str, ("10", "10.5", "99"), "10.5"),
    ],
)
def test_median_of_types(annotation: Any, three: tuple[Any, ...], middle: Any) -> None:
    """Numbers, days and seconds have a median, and a tolerance in these; what lies within it is one value."""
    decision = decided(annotation, alike(*three), vote="median", tolerance=1)
    assert decision.value == (three[1] if middle is None else middle)
    # two of three agree: odds 16 against 4: 16 / 21
    assert decision.confidence == pytest.approx(16 / 21)


def test_median_is_no_tie() -> None:
    """Of three values that stand alone the median leads; of two both are medians, which is a tie."""
    assert decided(int, alike(1, 2, 3), vote="median").status == "settled"
    assert decided(int, alike(3, 1, 2), vote="median").value == 2
    assert decided(int, alike(1, 2), vote="median").reason == "tie between 1 and 2"
    # the first of two medians is the one with the greater score: 3 with .8 before 2 with .7
    four = {**alike(1, 2, sure=0.7), "a": (3, 0.8), "b": (4, 0.8)}
    assert decided(int, four, vote="median").value == 3


@given(numbers)
def test_median_by_brute_force(claimed: dict[str, tuple[int, float]]) -> None:
    """The leading number has at most half of the weight below it, and at most half above it."""
    weights = {agent: weight for agent, (_, weight) in claimed.items()}
    said = {agent: (value, 0.8) for agent, (value, _) in claimed.items()}
    leading = decided(int, said, vote="median", weights=weights).value
    half = math.fsum(weights.values()) / 2
    assert math.fsum(weights[agent] for agent, (value, _) in said.items() if value < leading) <= half + 1e-9
    assert math.fsum(weights[agent] for agent, (value, _) in said.items() if value > leading) <= half + 1e-9


@pytest.mark.parametrize(
    "annotation, one, same",
    [
        (list[Decimal], ["1.0"], ["1.00"]),
        (list[str], ["a  b"], ["A b"]),
        (set[str], ["a", "b"], ["b", "a"]),
        (list[datetime.datetime], ["2026-01-01T00:00:00Z"], ["2026-01-01T01:00:00+01:00"]),
    ],
)
def test_items_are_equal_as_values_are(annotation: Any, one: list[str], same: list[str]) -> None:
    """Two ways to write an item are one item: two of three agents make it win."""
    other = ["2026-05-05T00:00:00Z"] if "2026" in one[0] else ["2"]
    decision = decided(annotation, alike(one, same, other), vote="items")
    field = Field("f", annotation)
    # for it log 4 twice, against it once; against the other one the same: .8
    assert (field.key(decision.value), decision.confidence) == (field.key(one), pytest.approx(0.8))


def test_items_that_the_field_may_not_have() -> None:
    """Where the set that wins is no value of the field, the claimed sets are voted on."""
    some = Annotated[list[str], pydantic.Field(min_length=1)]
    decision = decided(some, alike(["x"], ["y"], ["z"]), vote="items")
    assert (decision.status, decision.value) == ("contested", ["x"])
    assert decided(list[str], alike(["x"], ["y"], ["z"]), vote="items").value == []


@given(sets)
def test_items_by_brute_force(claimed: dict[str, tuple[list[str], float]]) -> None:
    """Of all sets the one that wins agrees best with the claims, item by item."""
    decision = decided(list[str], claimed, vote="items")
    if not claimed:
        return
    odds = {a: max(math.log(min(p, 0.99) / (1 - min(p, 0.99))), 0) if p > 0.5 else 0.0 for a, (_, p) in claimed.items()}
    every = [set(each) for size in range(4) for each in itertools.combinations("xyz", size)]

    def agreement(found: set[str]) -> float:
        return math.fsum(
            odds[a] * (1 if (item in found) == (item in value) else -1)
            for a, (value, _) in claimed.items()
            for item in "xyz"
        )

    assert agreement(set(decision.value)) == pytest.approx(max(map(agreement, every)), abs=1e-6)


@given(sets, confidences)
def test_support_for_the_items(claimed: dict[str, tuple[list[str], float]], sure: float) -> None:
    """One more agent for the set that wins leaves it in the lead, no less sure, also where nobody had claimed it."""
    before = decided(list[str], claimed, vote="items")
    if before.tally and not is_tie(before.tally):
        after = decided(list[str], {**claimed, "new": (before.value, sure)}, vote="items")
        assert sorted(after.value) == sorted(before.value)
        assert after.confidence >= before.confidence - 1e-9


@given(st.dictionaries(agents, st.tuples(st.sampled_from("AB"), confidences), min_size=1), st.permutations("ABC"))
def test_one_coin_by_brute_force(claimed: dict[str, tuple[str, float]], order: list[str]) -> None:
    """The shares are those of Bayes' theorem over all values, learned or claimed, that are added up one by one."""
    priors = dict(zip(order[:2], (0.6, 0.4), strict=True))
    learned = FieldCalibration(classes={f"{key.casefold()}": math.log(p) for key, p in priors.items()})
    decision = decided(str, claimed, learned, vote="one_coin", accept=0)
    keys = {*priors, *(value for value, _ in claimed.values())}
    named = {value for value, _ in claimed.values()}
    every = sorted(keys) if keys - named else [*sorted(keys), "another"]
    joint = {}
    for key in every:
        joint[key] = priors.get(key, 0.4)
        for value, sure in claimed.values():
            right = min(max(sure, 1 / len(every)), 0.99)
            joint[key] *= right if value == key else (1 - right) / (len(every) - 1)
    for each in decision.tally:
        assert each.confidence == pytest.approx(joint[each.value] / sum(joint.values()), abs=1e-9)


def test_one_learned_value() -> None:
    """Where everybody always claimed one value, a claim of it is no certainty: there may be others."""
    learned = FieldCalibration(classes={"x": 0.0})
    decision = decided(str, alike("x", sure=0.6), learned, vote="dawid_skene")
    assert decision.confidence == pytest.approx(0.6)


@pytest.mark.parametrize("vote", VOTING_RULES)
def test_docstrings(vote: Vote) -> None:
    """Each rule says its source, and what ties, empty input and NaN give; most with a formula."""
    text = VOTING_RULES[vote].__doc__ or ""
    assert "Source" in text
    assert "NaN" in text
    assert "tie" in text.casefold()
    assert "No claims give no" in text or "mpty input" in text


figures = st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 5e-324, 1e6, -1e6])
amounts = st.floats(0, 1e6)
logs = st.floats(-1e6, 0)
artefacts = st.builds(
    FieldCalibration,
    agents=st.dictionaries(
        agents,
        st.builds(
            AgentCalibration,
            competence=confidences,
            weight=figures,
            lead=amounts,
            second=amounts,
            slope=amounts,
            centre=figures,
            bloc=st.sampled_from(["", "one", "two"]),
            correlation=confidences,
            confusion=st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.sampled_from("ab"), logs)),
        ),
    ),
    trust=amounts,
    offset=figures,
    spread=st.lists(figures, max_size=3).map(tuple),
    values=st.dictionaries(st.sampled_from("ab"), figures),
    classes=st.dictionaries(st.sampled_from("ab"), logs),
)


@pytest.mark.parametrize("vote", sorted(LEARNED))
@given(
    learned=artefacts,
    claimed=st.dictionaries(agents, st.tuples(st.sampled_from("ab"), confidences), min_size=1),
    weights=st.dictionaries(agents, st.floats(0, 1000)),
)
def test_any_artefact_gives_shares(
    vote: Vote,
    learned: FieldCalibration,
    claimed: dict[str, tuple[str, float]],
    weights: dict[str, float],
) -> None:
    """Whatever numbers an artefact may have, shares are finite, in [0, 1], and add up to at most 1."""
    terms = FieldPolicy(vote=vote, weights=weights)
    ballot = Ballot.of(
        [Claim("f", value, sure, agent=agent) for agent, (value, sure) in claimed.items()],
        lambda each: str(each.value),
        terms,
        learned,
    )
    found = VOTING_RULES[vote](ballot)
    assert all(0 <= each.confidence <= 1 and math.isfinite(each.score) for each in found)
    assert math.fsum(each.confidence for each in found) <= 1 + 1e-9


@pytest.mark.parametrize(
    "content, place",
    [
        ('{"agents": {"a": {"weight": 1e308}}}', "fields.f.agents.a.weight"),
        ('{"agents": {"a": {"weight": NaN}}}', "fields.f.agents.a.weight"),
        ('{"agents": {"a": {}}, "order": ["a", "b"]}', "fields.f: "),
        ('{"agents": {"a": {}}, "order": ["a", "a"]}', "fields.f: "),
        ('{"classes": {"x": 0.5}}', "fields.f.classes.x"),
    ],
)
def test_artefacts_that_no_vote_can_use(tmp_path: Any, content: str, place: str) -> None:
    """Numbers of which no share can be made, and an order of agents that were not measured, are refused by place."""
    path = tmp_path / "learned.json"
    path.write_text(f'{{"fields": {{"f": {content}}}}}')
    with pytest.raises(Exception, match=place.replace(".", r"\.")) as caught:
        Calibration.load(path)
    assert "calibrate again" in str(caught.value)


def test_forced_value_of_another_type() -> None:
    """A value that the field cannot have, where no team was there to check it, sends the field to a person."""
    policy = Policy(rules=(Rule(name="fix", field="f", then="force", when="true", value="none"),))
    decision = decide(Field("f", int), [Claim("f", 1, 0.9, agent="a")], policy, Context({}, {}))
    assert (decision.status, decision.by, decision.review) == ("contested", "rule:fix", True)
