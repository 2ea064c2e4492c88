"""From claims to a decision: terms, ties, rules in Python and in CEL, and rules that fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import (
    AgentCalibration,
    Calibration,
    Claim,
    ContextCalibration,
    ContractError,
    Decision,
    Field,
    FieldCalibration,
    FieldPolicy,
    Policy,
    Rule,
    Vote,
)
from quorate.graphs import Context, decide

TOTAL = Field("total", Decimal)
Condition = str | Callable[[Mapping[str, Any]], bool]


def claim(value: str, confidence: float, agent: str, **more: Any) -> Claim:
    return Claim("total", value, confidence, agent=agent, **more)


def decided(
    *claims: Claim, rules: tuple[Rule, ...] = (), decided: Mapping[str, Any] | None = None, **terms: Any
) -> Decision:
    policy = Policy(fields={"total": FieldPolicy(**terms)}, rules=rules)
    return decide(TOTAL, claims, policy, Context({"currency": "MYR"}, decided or {}))


def rule(then: Any, when: Condition, **more: Any) -> Rule:
    return Rule(name=more.pop("name", then), field="total", then=then, when=when, **more)


A12, B12, C15 = claim("12", 0.8, "a"), claim("12.00", 0.7, "b"), claim("15", 0.8, "c")


def test_settled() -> None:
    """The leading value is settled where it reaches the threshold; the votes and the dissent are kept."""
    # 12: odds 4 * 7/3 = 9.333; 15: 4; 9.333 / 14.333 = .651
    decision = decided(A12, B12, C15, accept=0.65)
    assert decision.status == "settled"
    assert (decision.value, decision.by, decision.version) == ("12", "vote", 0)
    assert decision.confidence == pytest.approx(0.651, abs=0.001)
    assert decision.dissent == ("c",)
    assert [(each.key, each.agents) for each in decision.tally] == [("12", ("a", "b")), ("15", ("c",))]
    assert decision.reason == "2 of 3 agents agree, confidence 0.651"
    assert len(decision.policy) == 64


def test_contested() -> None:
    """Below the threshold the leading value is proposed, not settled."""
    decision = decided(A12, B12, C15, accept=0.66)
    assert (decision.status, decision.value, decision.review) == ("contested", "12", False)
    assert "below 0.66" in decision.reason


@pytest.mark.parametrize("accept, status", [(0.8, "settled"), (0.8000001, "contested"), (0.0, "settled")])
def test_threshold_is_inclusive(accept: float, status: str) -> None:
    """A confidence that equals the threshold is enough."""
    assert decided(A12, accept=accept).status == status


def test_abstained() -> None:
    """Without a claim there is no value."""
    decision = decided()
    assert (decision.status, decision.value, decision.confidence) == ("abstained", None, 0.0)
    assert decision.reason == "nobody claimed a value"


def test_tie() -> None:
    """A tie is contested, whatever the threshold."""
    decision = decided(A12, C15, accept=0.0)
    assert decision.status == "contested"
    assert decision.reason == "tie between 12 and 15"


@pytest.mark.parametrize(
    "values, named",
    [("abc", "a, b and c"), ("abcd", "a, b, c and d"), ("abcdef", "a, b, c and 3 more")],
)
def test_tie_of_many(values: str, named: str) -> None:
    """All values that tie are named, of more than four the first three and how many more."""
    field = Field("kind", str)
    claims = [Claim("kind", value, 0.8, agent=f"agent {value}") for value in values]
    unlike = Claim("kind", "z", 0.6, agent="unlike")
    decision = decide(field, [*claims, unlike], Policy(), Context({}, {}, {}))
    assert decision.reason == f"tie between {named}"


@pytest.mark.parametrize("rules", [[], [{"name": "r", "field": "share", "then": "prefer", "when": "confidence > 0.1"}]])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), "much", object()])
def test_values_that_are_none(value: Any, rules: list[dict[str, Any]]) -> None:
    """A value that is not of the field's type, NaN among them, is refused with the claim that has it."""
    claims = [Claim("share", 0.5, 0.9, agent="right"), Claim("share", value, 0.9, agent="wrong")]
    with pytest.raises(ContractError, match=r"agent 'wrong', claim on 'share': got value .*a value of the field"):
        decide(Field("share", float), claims, Policy.parse({"rules": rules}), Context({}, {}, {}))


def test_quorum_counts_agents_that_claimed_any_value() -> None:
    """Enough agents must have claimed, for whatever value; one agent with two claims is one."""
    assert decided(A12, quorum=2, accept=0.5).status == "contested"
    assert "1 of 2 agents" in decided(A12, quorum=2, accept=0.5).reason
    assert decided(A12, claim("12.0", 0.9, "a"), quorum=2, accept=0.5).status == "contested"
    assert decided(A12, claim("15", 0.5, "c"), quorum=2, accept=0.5).status == "settled"


def test_agent_of_weight_zero_counts_for_nothing() -> None:
    """An agent without a say is no voter and no dissenter."""
    decision = decided(A12, C15, weights={"c": 0.0}, accept=0.8)
    assert (decision.status, decision.dissent) == ("settled", ())
    assert decided(A12, C15, weights={"c": 0.0}, quorum=2).status == "contested"
    only = decided(C15, weights={"c": 0.0})
    assert (only.status, only.reason) == ("abstained", "only agents of weight 0 claimed a value")


def test_agent_on_both_sides_is_no_dissenter() -> None:
    """An agent that claims the settled value, among others, does not dissent."""
    assert decided(A12, claim("15", 0.1, "a"), C15, B12, accept=0.5).dissent == ("c",)


def test_review_always() -> None:
    """What a person must always see is contested, however sure the vote is; nothing is nothing to see."""
    decision = decided(A12, accept=0.5, review="always")
    assert (decision.status, decision.review, decision.value) == ("contested", True, "12")
    assert decided(review="always").status == "abstained"


@pytest.mark.parametrize("when", ["value > 14.0", 'agent == "c"', lambda v: v["value"] > 14 and v["field"] == "total"])
def test_forbid(when: Condition) -> None:
    """A forbidden claim does not vote."""
    decision = decided(A12, C15, rules=(rule("forbid", when),), accept=0.8)
    assert (decision.status, decision.value, decision.rules, decision.dissent) == ("settled", "12", ("forbid",), ())


def test_forbid_everything() -> None:
    """Where no claim is left, the field abstains, and the rule is named."""
    decision = decided(A12, rules=(rule("forbid", "true"),))
    assert (decision.status, decision.reason) == ("abstained", "rule 'forbid' left no claim")


@pytest.mark.parametrize("when", ['agent == "c"', "evidence == 0 && value == 15.0", lambda v: v["agent"] == "c"])
def test_prefer(when: Condition) -> None:
    """Only preferred claims vote, and their best is taken whatever its confidence and the quorum."""
    doubtful = dataclasses.replace(C15, confidence=0.1)
    decision = decided(A12, B12, doubtful, rules=(rule("prefer", when),), accept=0.9, quorum=3)
    assert (decision.status, decision.value, decision.by) == ("settled", "15", "rule:prefer")
    assert decision.confidence == pytest.approx(0.1)
    assert decision.rules == ("prefer",)


def test_first_prefer_that_holds() -> None:
    """Of several preferences the first that any claim fulfils counts; a tie among the preferred is a tie."""
    rules = (
        rule("prefer", 'agent == "z"', name="none"),
        rule("prefer", 'agent == "b"', name="second"),
        rule("prefer", 'agent == "c"', name="third"),
    )
    assert decided(A12, B12, C15, rules=rules).by == "rule:second"
    tie = decided(A12, C15, rules=(rule("prefer", "true"),))
    assert (tie.status, tie.reason) == ("contested", "tie between 12 and 15")


@pytest.mark.parametrize(
    "when",
    [
        "support == 2 && voters == 3 && dissent == 1",
        'status == "contested" && value == 12.0',
        'request.currency == "MYR" && confidence < 0.7',
        lambda v: (v["support"], v["voters"], v["dissent"], v["value"]) == (2, 3, 1, Decimal("12")),
    ],
)
def test_force(when: Condition) -> None:
    """A forced value is settled for certain; who claimed another dissents, who claimed it does not."""
    decision = decided(A12, B12, C15, rules=(rule("force", when, value="15.0"),), accept=0.9)
    assert (decision.status, decision.value, decision.confidence) == ("settled", "15.0", 1.0)
    assert (decision.by, decision.rules, decision.dissent) == ("rule:force", ("force",), ("a", "b"))


def test_force_without_claims() -> None:
    """A rule may set a value that nobody claimed; the first that holds does."""
    rules = (
        rule("force", "false", name="no", value="1"),
        rule("force", 'status == "abstained" && value == null', name="first", value="2"),
        rule("force", "true", name="later", value="3"),
    )
    decision = decided(rules=rules)
    assert (decision.status, decision.value, decision.by) == ("settled", "2", "rule:first")


@pytest.mark.parametrize("when", ["value > 10.0", lambda v: v["value"] > 10 and v["status"] == "settled"])
def test_review(when: Condition) -> None:
    """A person must confirm what a review rule holds of; all that hold are named."""
    more = rule("review", "confidence < 0.9", name="unsure", reason="not sure enough")
    decision = decided(A12, rules=(rule("review", when), more), accept=0.5)
    assert (decision.status, decision.review, decision.value) == ("contested", True, "12")
    assert decision.rules == ("review", "unsure")
    assert decision.reason == "rule 'review' asks for a person; not sure enough"


def test_review_sees_what_was_forced() -> None:
    """Review comes last: also a forced value may be one that a person must confirm."""
    rules = (rule("review", "value > 10.0"), rule("force", "true", value="99"))
    decision = decided(A12, rules=rules)
    assert (decision.status, decision.value, decision.rules) == ("contested", "99", ("force", "review"))


def test_rules_of_other_fields_are_not_asked() -> None:
    """A rule is asked for its own field, and one for `*` for every field."""
    other = Rule(name="other", field="date", then="forbid", when="true")
    every = Rule(name="every", field="*", then="review", when='field == "total"')
    assert decided(A12, rules=(other, every), accept=0.5).rules == ("every",)


def test_rules_see_what_is_decided() -> None:
    """A rule can look at fields that were decided before."""
    same = rule("force", "decided.net == 10.0", value="10")
    assert decided(A12, rules=(same,), decided={"net": Decimal("10.00")}).value == "10"


def broken(variables: Mapping[str, Any]) -> bool:
    raise ValueError(f"no idea about {variables['value']}")


@pytest.mark.parametrize("then", ["forbid", "prefer", "force", "review"])
@pytest.mark.parametrize("when", ["decided.missing > 1.0", "1 / 0 > 1", broken])
def test_rule_that_fails_sends_the_field_to_a_person(then: str, when: Condition) -> None:
    """What a rule cannot say, a person must: contested with the whole vote, and the rule named."""
    decision = decided(A12, B12, C15, rules=(rule(then, when, value="1"),), accept=0.0)
    assert (decision.status, decision.review, decision.value) == ("contested", True, "12")
    assert decision.by == f"rule:{then}"
    assert decision.reason.startswith(f"rule '{then}' could not be evaluated: ")
    assert decision.reason.count(f"rule '{then}'") == 1
    assert len(decision.tally) == 2


def test_rule_that_fails_without_a_claim() -> None:
    """Where nobody claimed a value, a failing rule leaves it empty and wants a person."""
    decision = decided(rules=(rule("force", broken, value="1"),))
    assert (decision.status, decision.review) == ("abstained", True)


def test_other_terms_than_the_policys() -> None:
    """The terms of the vote may be given; rules still count."""
    policy = Policy(
        defaults=FieldPolicy(accept=1.0, quorum=9, review="always"), rules=(rule("forbid", "value > 14.0"),)
    )
    terms = FieldPolicy(accept=0.0, review="never")
    decision = decide(TOTAL, [A12, C15], policy, Context({}, {}), terms)
    assert (decision.status, decision.value) == ("settled", "12")


claims = st.builds(
    claim,
    value=st.sampled_from(["12", "12.00", "12.0", "15", "20"]),
    confidence=st.sampled_from([0.0, 0.3, 0.5, 0.8, 0.9, 1.0]),
    agent=st.sampled_from("abcd"),
    sequence=st.integers(0, 3),
    reason=st.sampled_from(["", "seen"]),
)
conditions = st.sampled_from(
    ["value > 13.0", "true", "false", "confidence < 0.5", "decided.missing == value", "1 / int(value) > 0", broken]
)
outcome_conditions = st.sampled_from(
    ["value > 13.0", "true", "false", "dissent > 0", "support < voters", "decided.missing == value"]
)
rules = st.lists(
    st.tuples(st.sampled_from(["forbid", "prefer"]), conditions)
    | st.tuples(st.sampled_from(["force", "review"]), outcome_conditions),
    max_size=4,
).map(lambda pairs: tuple(rule(then, when, name=f"r{i}", value="7") for i, (then, when) in enumerate(pairs)))
terms = st.fixed_dictionaries(
    {
        "accept": st.sampled_from([0.0, 0.5, 0.75, 0.9, 1.0]),
        "quorum": st.integers(1, 3),
        "review": st.sampled_from(["unsettled", "always", "never"]),
        "weights": st.dictionaries(st.sampled_from("abcd"), st.sampled_from([0.0, 0.5, 2.0]), max_size=2),
    }
)


@given(st.lists(claims, max_size=8), rules, terms, st.randoms())
def test_order_of_claims_changes_nothing(
    ballot: list[Claim], some: tuple[Rule, ...], keys: dict[str, Any], random: Any
) -> None:
    """Permuting or repeating the claims changes no part of the decision, with any rules and terms, failing ones too."""
    shuffled = list(ballot)
    random.shuffle(shuffled)
    first = decided(*ballot, rules=some, **keys)
    assert decided(*shuffled, rules=some, **keys) == first
    assert decided(*ballot, *shuffled, rules=some, **keys) == first


@given(st.lists(claims, max_size=8), rules, terms)
def test_a_decision_is_whole(ballot: list[Claim], some: tuple[Rule, ...], keys: dict[str, Any]) -> None:
    """A settled field has a value, an abstained one has none; a person is wanted only where it is not settled."""
    decision = decided(*ballot, rules=some, **keys)
    assert (decision.value is None) is (decision.status == "abstained")
    assert 0 <= decision.confidence <= 1
    assert not (decision.review and decision.status == "settled")
    assert decision.reason
    assert set(decision.dissent) <= {agent for each in decision.tally for agent in each.agents}
    assert not decision.locked


def test_confidence_just_below() -> None:
    """A confidence just below the bound is told with as many digits as show it."""
    reason = decided(claim("12", 0.96999, "a"), accept=0.97).reason
    assert reason == "confidence 0.96999 is below 0.97"


@pytest.mark.parametrize("vote", ["confidence", "unanimity", "veto", "median", "pool", "items"])
@pytest.mark.parametrize("percent", range(1, 100))
def test_confidence_at_the_bound(vote: Vote, percent: int) -> None:
    """A claim alone is settled where it is as sure as the policy asks, whatever the sums are rounded to."""
    decision = decided(claim("12", percent / 100, "a"), vote=vote, accept=percent / 100)
    assert decision.status == "settled", decision.reason


def test_accept_from_costs_is_said() -> None:
    """Where the threshold follows from costs, the reason says so."""
    # 1 - 2 / 8 = .75
    settled = decided(claim("12", 0.8, "a"), cost_of_error=8, cost_of_review=2)
    assert settled.status == "settled"
    assert settled.reason.endswith("accepted from 0.75 (from the costs: 1 - 2 / 8)")
    contested = decided(claim("12", 0.7, "a"), cost_of_error=8, cost_of_review=2)
    assert contested.reason == "confidence 0.700 is below 0.75 (from the costs: 1 - 2 / 8)"


def test_vote_and_calibration_are_named() -> None:
    """A decision names its voting rule and what it was calibrated with, and says where that is too little."""
    agents = {"a": AgentCalibration(weight=2.0), "b": AgentCalibration(weight=0.5)}
    few = Calibration(fields={"total": FieldCalibration(labels=12, agents=agents)})
    enough = Calibration(fields={"total": FieldCalibration(labels=100, agents=agents)})
    ballot = [claim("12", 0.5, "a"), claim("15", 0.9, "b")]

    def by(calibration: Calibration | None, vote: Vote = "pool") -> Decision:
        terms = {"total": FieldPolicy(vote=vote, accept=0.5)}
        return decide(TOTAL, ballot, Policy(fields=terms, calibration=calibration), Context({}, {}))

    assert (by(few).value, by(few).vote, by(few).calibration) == ("12", "pool", few.digest)
    assert by(few).reason.endswith("; uncalibrated: 12 labels")
    assert "uncalibrated" not in by(enough).reason
    assert by(None).reason.endswith("; uncalibrated: 0 labels")
    assert (by(None).value, by(None).calibration) == ("15", "")
    # the vote by stated confidences learns nothing, and names nothing
    assert (by(few, "confidence").value, by(few, "confidence").calibration) == ("15", "")
    assert "uncalibrated" not in by(few, "confidence").reason


def test_context_of_the_request() -> None:
    """The calibration of the context counts that the request is of."""
    agents = {"a": AgentCalibration(weight=1.0), "b": AgentCalibration(weight=2.0)}
    contexts = {"MYR": ContextCalibration(weights={"a": 3.0})}
    known = Calibration(fields={"total": FieldCalibration(agents=agents, contexts=contexts)})
    policy = Policy(defaults=FieldPolicy(vote="pool", context="currency"), calibration=known)
    ballot = [claim("12", 0.5, "a"), claim("15", 0.5, "b")]
    assert decide(TOTAL, ballot, policy, Context({"currency": "MYR"}, {})).value == "12"
    assert decide(TOTAL, ballot, policy, Context({"currency": "EUR"}, {})).value == "15"
    assert decide(TOTAL, ballot, policy, Context({}, {})).value == "15"


def test_objection_contests() -> None:
    """Who holds a veto leaves the field to a person, however sure the others are."""
    vetoed = decided(A12, B12, C15, accept=0.1, veto=("c",))
    assert (vetoed.status, vetoed.value, vetoed.review, vetoed.reason) == ("contested", "12", True, "vetoed by c")
    assert decided(A12, B12, C15, accept=0.1, vote="unanimity").reason == "not unanimous: c against"
