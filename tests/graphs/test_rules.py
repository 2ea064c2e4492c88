"""Rules to the full: priorities, first match, vetoes, reviewers, routes, and what conditions see."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import (
    Claim,
    Decision,
    Field,
    FieldPolicy,
    Passage,
    Policy,
    PolicyError,
    Quote,
    Rule,
    Usage,
)
from quorate.graphs import Context, decide
from quorate.graphs.rules import usage_of

TOTAL = Field("total", Decimal)
QUOTE, PASSAGE = Quote("text", 0, 2), Passage("register", "7")


def claim(value: str, confidence: float, agent: str, *evidence: Any) -> Claim:
    return Claim("total", value, confidence, evidence, agent=agent)


def rule(name: str, then: Any, when: Any = "true", **more: Any) -> Rule:
    return Rule(**{"name": name, "field": "total", "then": then, "when": when, **more})


def decided(
    *claims: Claim, rules: tuple[Rule, ...], usage: Mapping[str, float] | None = None, **terms: Any
) -> Decision:
    policy = Policy(fields={"total": FieldPolicy(**{"accept": 0.5, **terms})}, rules=rules)
    context = Context({"currency": "MYR"}, {}) if usage is None else Context({}, {}, usage)
    return decide(TOTAL, claims, policy, context)


A12, B12, C15 = claim("12", 0.9, "a", QUOTE), claim("12.00", 0.8, "b", PASSAGE, PASSAGE), claim("15", 0.7, "c")


def test_higher_priority_first_then_the_order_of_the_file() -> None:
    """Of two `force` rules the one of higher priority wins; of equal ones the first."""
    rules = (
        rule("first", "force", value="1"),
        rule("second", "force", value="2"),
        rule("high", "force", value="3", priority=5),
        rule("low", "force", value="4", priority=-5),
    )
    assert decided(A12, rules=rules).by == "rule:high"
    assert decided(A12, rules=rules[:2]).by == "rule:first"
    assert decided(A12, rules=(rules[3], rules[1])).by == "rule:second"
    assert [each.name for each in Policy(rules=rules).rules_for("total")] == ["high", "first", "second", "low"]


def test_priority_orders_what_all_apply_too() -> None:
    """All reviews that hold apply, and stand in the order in which they were asked."""
    decision = decided(A12, rules=(rule("later", "review"), rule("sooner", "review", priority=1)))
    assert decision.rules == ("sooner", "later")


def test_several_fields() -> None:
    """A rule may be about several fields, and is asked for each of them and for no other."""
    of_two = rule("r", "review", field=["total", "net"])
    policy = Policy(rules=(of_two,))
    assert [len(policy.rules_for(name)) for name in ("total", "net", "date")] == [1, 1, 0]
    with pytest.raises(PolicyError, match="its own field 'net'"):
        rule("r", "review", "decided.net > 1.0", field=("total", "net"))


def test_veto_contests_what_the_others_agree_on() -> None:
    """A claim with a veto for another value sends the field to a person, whatever the vote says."""
    decision = decided(A12, B12, C15, rules=(rule("audit", "veto", 'agent == "c"', reason="the audit has a veto"),))
    assert (decision.status, decision.value, decision.review) == ("contested", "12", True)
    assert decision.rules == ("audit",)
    assert decision.reason == "vetoed by c: rule 'audit', the audit has a veto"


def test_veto_for_the_value_itself_is_none() -> None:
    """Who claims the leading value, alone or among others, does not veto it."""
    veto = rule("audit", "veto", agent="c")
    assert decided(A12, claim("12.000", 0.9, "c"), rules=(veto,)).status == "settled"
    assert decided(A12, C15, claim("12", 0.9, "c"), rules=(veto,)).status == "settled"
    assert decided(rules=(veto,)).status == "abstained"


def test_veto_stands_against_force_and_prefer() -> None:
    """Neither a forced nor a preferred value overrides a veto; a forbidden claim has none."""
    veto = rule("audit", "veto", agent="c")
    forced = decided(A12, C15, rules=(rule("set", "force", value="12"), veto))
    assert (forced.status, forced.value, forced.rules) == ("contested", "12", ("set", "audit"))
    preferred = decided(A12, C15, rules=(rule("best", "prefer", agent="a"), veto))
    assert (preferred.status, preferred.rules) == ("contested", ("best", "audit"))
    forbidden = decided(A12, C15, rules=(rule("out", "forbid", agent="c"), veto))
    assert (forbidden.status, forbidden.rules) == ("settled", ("out",))


def test_veto_on_what_is_contested_adds_its_reason() -> None:
    """A field that the vote left open stays open, with both reasons."""
    decision = decided(A12, C15, rules=(rule("audit", "veto", agent="c"),), accept=0.99)
    assert "below 0.99; vetoed by c: rule 'audit'" in decision.reason


def test_reviewers_of_the_rule_that_asks_for_most() -> None:
    """The largest number of reviewers wins, with those whom that rule names."""
    rules = (
        rule("one", "review", reviewers_from=["ann"]),
        rule("three", "review", reviewers=3, reviewers_from=["finance", "legal", "board"]),
        rule("two", "review", reviewers=2, reviewers_from=["bob", "cas"]),
    )
    decision = decided(A12, rules=rules)
    assert (decision.reviewers, decision.to) == (3, ("finance", "legal", "board"))
    assert decided(A12, rules=rules[:1]).reviewers == 0
    assert decided(A12, rules=(*rules[:1], rule("four", "review", reviewers=4))).to == ("ann",)


def test_a_rule_asks_for_no_fewer_than_the_policy() -> None:
    """Where the policy wants two people, a rule for one of them does not lower it."""
    policy = Policy.parse(
        {
            "review": {"reviewers": 2},
            "rules": [{"name": "r", "field": "total", "then": "review", "when": "true", "reviewers": 1}],
        }
    )
    assert decide(TOTAL, [A12], policy, Context({}, {})).reviewers == 2


def test_route_says_who_is_asked() -> None:
    """The first route that holds says whom a field goes to that needs a person; a settled one goes nowhere."""
    rules = (
        rule("large", "route", "value > 100.0", to="board"),
        rule("open", "route", 'status == "contested"', to=["ann", "bob"]),
        rule("rest", "route", to="anybody"),
    )
    contested = decided(A12, C15, rules=rules, accept=0.99)
    assert (contested.to, contested.rules) == (("ann", "bob"), ("open",))
    settled = decided(A12, rules=rules)
    assert (settled.status, settled.to, settled.rules) == ("settled", (), ())
    asked = decided(A12, rules=(*rules, rule("look", "review")))
    assert (asked.to, asked.rules) == (("ann", "bob"), ("look", "open"))
    assert decided(rules=rules[2:]).to == ("anybody",)


def test_reviewers_of_a_review_rule_go_before_a_route() -> None:
    """Who must confirm it by a review rule is not changed by a route."""
    rules = (rule("look", "review", reviewers_from="legal"), rule("desk", "route", to="desk"))
    assert decided(A12, rules=rules).to == ("legal",)


def test_agents_that_a_rule_is_about() -> None:
    """Before the vote it is asked for their claims only; after it, where one of them claims the value."""
    assert decided(A12, C15, rules=(rule("out", "forbid", agent=["c", "d"]),)).dissent == ()
    assert decided(A12, C15, rules=(rule("look", "review", agent="a"),)).rules == ("look",)
    assert decided(A12, C15, rules=(rule("look", "review", agent="c"),)).rules == ()


@pytest.mark.parametrize(
    "then, when",
    [
        ("forbid", 'sources == ["quote"] && evidence == 1'),
        ("forbid", "usage.tokens == 30 && usage.runs == 2 && usage.seconds > 1.9"),
        ("review", 'agents == ["a", "b"] && "a" in agents'),
        ("review", 'evidence == 3 && sources == ["passage", "quote"]'),
        ("review", "usage.tokens > 10 && confidence > 0.5"),
        ("review", '!("passage" in sources) || support == 2'),
        ("force", "usage.runs == 2 && size(agents) == 2"),
    ],
)
def test_what_conditions_see(then: str, when: str) -> None:
    """A claim's kinds of evidence, who is behind a value with which evidence, and what the turn has taken."""
    usage = usage_of([Usage(input_tokens=10, output_tokens=5, seconds=1.5), Usage(input_tokens=15, seconds=0.5)])
    assert decided(A12, B12, rules=(rule("r", then, when, value="1"),), usage=usage).rules == ("r",)


def test_usage_of_a_turn_without_runs() -> None:
    """Where no agent has run, usage is there and nought."""
    assert decided(A12, rules=(rule("r", "review", "usage.tokens == 0 && usage.seconds == 0.0"),)).rules == ("r",)
    assert usage_of([]) == {"tokens": 0, "seconds": 0.0, "runs": 0}


@pytest.mark.parametrize(
    "keys, where",
    [
        ({"then": "route"}, "rule 'r', to"),
        ({"then": "force", "to": ["a"]}, "rule 'r', to"),
        ({"then": "force", "reviewers": 2}, "rule 'r', reviewers"),
        ({"then": "route", "to": ["a"], "reviewers_from": ["a"]}, "rule 'r', reviewers_from"),
        ({"field": []}, "rule 'r', field"),
        ({"field": ["a", ""]}, "rule 'r', field"),
        ({"agent": []}, "rule 'r', agent"),
        ({"then": "review", "reviewers": 2, "reviewers_from": ["ann", "ANN"]}, "rule 'r', reviewers"),
        ({"then": "veto", "when": "support > 1"}, "rule 'r', when"),
        ({"then": "route", "to": ["a"], "when": "agent == 'x'"}, "rule 'r', when"),
    ],
)
def test_keys_that_do_not_go_together(keys: dict[str, Any], where: str) -> None:
    """A key that its action does not know, or that can never be met, is refused with the rule and the key."""
    data = {"rules": [{"name": "r", "field": "f", "then": "review", "when": "true", **keys}]}
    with pytest.raises(PolicyError) as caught:
        Policy.parse(data, where="policy.yaml")
    assert caught.value.where == f"policy.yaml: {where}"
    assert caught.value.fix


def test_new_keys_count_in_the_digest_where_they_say_something() -> None:
    """A policy without the new keys keeps its digest; each of them changes it."""
    plain = rule("r", "review").describe()
    assert not {"agent", "priority", "reviewers", "reviewers_from", "to"} & plain.keys()
    for more in ({"agent": "a"}, {"priority": 1}, {"reviewers": 2}, {"reviewers_from": ["a"]}):
        assert rule("r", "review", **more).describe() != plain  # type: ignore[arg-type]


conditions = st.sampled_from(
    ["true", "false", "value > 13.0", "confidence < 0.8", "evidence > 0", '"quote" in sources', "usage.tokens > 5"]
)
some_rules = st.lists(
    st.builds(
        dict,
        then=st.sampled_from(["forbid", "prefer", "force", "veto", "review", "route"]),
        when=conditions,
        priority=st.integers(-2, 2),
        agent=st.sampled_from([None, "a", ["b", "c"]]),
        number=st.integers(0, 3),
    ),
    max_size=6,
).map(
    lambda drawn: tuple(
        rule(
            f"r{at}",
            keys["then"],
            keys["when"],
            priority=keys["priority"],
            agent=keys["agent"],
            value=str(10 + keys["number"]),
            **({"to": ["desk"]} if keys["then"] == "route" else {}),
            **({"reviewers": keys["number"]} if keys["then"] == "review" else {}),
        )
        for at, keys in enumerate(drawn)
    )
)
some_claims = st.lists(
    st.builds(
        claim,
        st.sampled_from(["12", "12.00", "15"]),
        st.sampled_from([0.1, 0.5, 0.9]),
        st.sampled_from("abcd"),
        st.sampled_from([QUOTE, PASSAGE]),
    ),
    max_size=6,
)


@given(some_claims, some_rules, st.randoms(use_true_random=False), st.sampled_from(["unsettled", "always", "never"]))
def test_any_policy_decides_and_no_order_changes_it(
    claims: list[Claim], rules: tuple[Rule, ...], random: Any, review: str
) -> None:
    """Any rules give a whole decision; order of claims changes nothing, nor that of rules of different priority."""
    first = decided(*claims, rules=rules, review=review)
    shuffled = list(claims)
    random.shuffle(shuffled)
    assert decided(*shuffled, rules=rules, review=review) == first
    by_priority = sorted(rules, key=lambda each: -each.priority)
    again = decided(*claims, rules=tuple(by_priority), review=review)
    assert (again.status, again.value, again.rules, again.to) == (first.status, first.value, first.rules, first.to)
    assert (first.value is None) is (first.status == "abstained")
    assert first.status != "settled" or not (first.review or first.reviewers or first.to)
    assert set(first.rules) <= {each.name for each in rules}


@given(some_claims, some_rules)
def test_a_veto_or_review_never_settles(claims: list[Claim], rules: tuple[Rule, ...]) -> None:
    """One rule more that asks for a person never makes a field settled that was not."""
    before = decided(*claims, rules=rules)
    for more in (rule("last", "veto"), rule("last", "review")):
        after = decided(*claims, rules=(*rules, more))
        assert not (before.status != "settled" and after.status == "settled")
        assert after.value == before.value


@given(some_claims, some_rules)
def test_first_match(claims: list[Claim], rules: tuple[Rule, ...]) -> None:
    """Of `prefer`, `force` and `route` one rule at the most applies."""
    applied = decided(*claims, rules=rules).rules
    kinds = [next(each.then for each in rules if each.name == name) for name in applied]
    assert all(kinds.count(each) <= 1 for each in ("prefer", "force", "route"))
    assert kinds == sorted(kinds, key=["forbid", "prefer", "force", "veto", "review", "route"].index)
