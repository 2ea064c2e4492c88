"""What is wrong with a policy before it decides: each kind of finding, and what is no finding."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from quorate import agent
from quorate.contracts import Policy, PolicyError, Rule, fields_of
from quorate.contracts.cel import parse
from quorate.contracts.expression import Expression
from quorate.graphs import Finding, TeamSchema, check_policy, try_policy
from quorate.graphs.checking.domain import ANYTHING
from quorate.graphs.checking.logic import can_hold, demand
from quorate.graphs.roster import Roster


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Line(BaseModel):
    text: str
    amount: Decimal | None = None


class Document(BaseModel):
    text: str
    pages: int
    lines: list[Line]
    country: str | None = None


class Money(BaseModel):
    amount: Decimal
    currency: str


class Receipt(BaseModel):
    company: str
    total: Decimal
    day: datetime.date
    paid: bool
    colour: Colour
    method: Literal["cash", "card"]
    price: Money
    anything: Any
    note: str | None = None


TEAM = TeamSchema(
    fields_of(Document),
    fields_of(Receipt),
    frozenset({"label", "sums", "name"}),
    {name: frozenset({"name"} if name == "company" else {"label", "sums"}) for name in Receipt.model_fields},
    frozenset({"post"}),
)


def rule(name: str = "r", then: Any = "review", when: Any = "value > 5.0", **more: Any) -> dict[str, Any]:
    extra = {"value": "1"} if then == "force" else {"to": ["x"]} if then == "route" else {}
    return {"name": name, "field": "total", "then": then, "when": when, **extra, **more}


def found(*rules: dict[str, Any], team: TeamSchema | None = TEAM, **keys: Any) -> list[Finding]:
    """The findings but for rules without a test."""
    policy = Policy.parse({"rules": list(rules), **keys})
    return [each for each in check_policy(policy, team) if each.kind != "untested"]


def the_one(*rules: dict[str, Any], team: TeamSchema | None = TEAM, **keys: Any) -> Finding:
    (finding,) = found(*rules, team=team, **keys)
    assert finding.where
    assert finding.got
    assert finding.expected
    assert finding.fix
    return finding


@pytest.mark.parametrize(
    "keys, where, got, fix",
    [
        ({"fields": {"totl": {}}}, "fields.totl", "the field 'totl'", "write 'total'"),
        ({"fields": {"total": {"weights": {"lable": 1}}}}, "fields.total.weights", "the agent 'lable'", "'label'"),
        ({"defaults": {"weights": {"nobody": 1}}}, "defaults.weights", "the agent 'nobody'", "correct"),
        ({"fields": {"total": {"quorum": 3}}}, "fields.total.quorum", "a quorum of 3", "lower it"),
        ({"budgets": {"agents": {"lable": {}}}}, "budgets.agents", "the agent 'lable'", "'label'"),
        ({"effects": {"posted": {}}}, "effects.posted", "the effect 'posted'", "'post'"),
        ({"effects": {"post": {"approve": "decided.totl > 1.0"}}}, "effects.post.approve", "field 'totl'", "'total'"),
        ({"rules": [rule(field=["total", "totl"])]}, "rule 'r', field", "the field 'totl'", "'total'"),
        ({"rules": [rule(agent="labels")]}, "rule 'r', agent", "the agent 'labels'", "'label'"),
        ({"rules": [rule(when="decided.dya == 'x'")]}, "rule 'r', when", "the field 'dya'", "'day'"),
        ({"rules": [rule(when="request.page > 1")]}, "rule 'r', when", "field of the request 'page'", "'pages'"),
        ({"rules": [rule(when="usage.token > 1")]}, "rule 'r', when", "part of usage 'token'", "'tokens'"),
        ({"rules": [rule(then="forbid", when='agent == "lable"')]}, "rule 'r', when", "agent 'lable'", "'label'"),
        ({"rules": [rule(when='"lable" in agents')]}, "rule 'r', when", "the agent 'lable'", "'label'"),
        ({"rules": [rule(when='"quotes" in sources')]}, "rule 'r', when", "kind of evidence 'quotes'", "'quote'"),
        ({"rules": [rule(field="price", when="value.amont > 1.0")]}, "rule 'r', when", "value.amont", "name"),
        (
            {
                "tests": [
                    {
                        "name": "t",
                        "field": "total",
                        "expect": {"status": "settled"},
                        "claims": [{"agent": "who", "value": 1, "confidence": 1}],
                    }
                ]
            },
            "test 't', claims",
            "the agent 'who'",
            "correct",
        ),
    ],
)
def test_unknown_names(keys: dict[str, Any], where: str, got: str, fix: str) -> None:
    """What the team does not have is found, with the name that is closest."""
    unknown = [each for each in check_policy(Policy.parse(keys), TEAM) if each.kind == "unknown"]
    assert [each.where for each in unknown] == [where]
    assert got in unknown[0].got
    assert fix in unknown[0].fix
    assert unknown[0].level == "error"
    assert not [each for each in check_policy(Policy.parse(keys)) if each.kind == "unknown"]


@pytest.mark.parametrize(
    "field, when, got",
    [
        ("total", 'value == "12.00"', "value (number) == '12.00' (text)"),
        ("total", 'value > "12"', "value (number) > '12' (text)"),
        ("total", "value", "fails on every value"),
        ("total", "value.contains('1')", "fails on every value"),
        ("total", 'value in ["a"] && value.size() == 1', "value (number) in a list of texts"),
        ("day", "value > 2026", "value (text) > 2026 (number)"),
        ("paid", 'value == "yes"', "value (bool) == 'yes' (text)"),
        ("company", "value == 3", "value (text) == 3 (number)"),
        ("company", "value + 1 > 2", "fails on every value"),
        ("colour", "value == 1", "value (text) == 1 (number)"),
        ("method", "value == true", "value (text) == true (bool)"),
        ("price", "value > 5.0", "value (map) > 5.0 (number)"),
        ("price", 'value.amount == "5"', "value.amount (number) == '5' (text)"),
        ("total", 'confidence == "high"', "confidence (number) == 'high' (text)"),
        ("total", "status == 1", "status (text) == 1 (number)"),
        ("total", 'decided.paid == "no"', "decided.paid (bool) == 'no' (text)"),
        ("total", 'request.pages == "1"', "request.pages (number) == '1' (text)"),
        ("total", 'request.lines[0].amount == "5"', "request.lines[0].amount (number) == '5' (text)"),
        ("total", "request.lines > 1", "request.lines (list) > 1 (number)"),
        ("total", "'a' in request.text", "'a' (text) in request.text (text)"),
        ("total", "usage.tokens == 'many'", "usage.tokens (number) == 'many' (text)"),
        ("total", "size(agents) == '2'", "size(…) (number) == '2' (text)"),
        ("total", "support == agents", "support (number) == agents (list)"),
        ("*", 'value < 3 && field == "day"', None),
    ],
)
def test_types(field: str, when: str, got: str | None) -> None:
    """A comparison with another type, and a condition that fails on all sample values, are errors."""
    types = [each for each in found(rule(field=field, when=when)) if each.kind == "type"]
    assert [each.level for each in types] == ["error"] * (got is not None)
    assert not types or got in types[0].got  # type: ignore[operator]


def test_number_in_quotes() -> None:
    """A number that is compared as text is shown without quotes."""
    assert the_one(rule(when='value == "12.00"')).fix == "write the number without quotes: 12.0"


@pytest.mark.parametrize(
    "field, when",
    [
        ("total", "value > 5"),
        ("total", "value == 5 || value >= 7.5"),
        ("day", 'value < "2026-01-01"'),
        ("paid", "value == false"),
        ("paid", "!value"),
        ("colour", 'value == "red"'),
        ("method", 'value in ["cash"]'),
        ("price", 'value.amount > 5.0 && value.currency == "MYR"'),
        ("anything", "value == 5 && confidence > 0.5"),
        ("note", "value == 'x'"),
        ("note", "value == null"),
        ("total", 'request.country == "MY"'),
        ("total", "request.lines.exists(line, line.amount == value)"),
        ("total", 'has(decided.day) && decided.day > "2026"'),
        ("total", 'agents == ["label"] && sources == ["quote"]'),
        ("total", "usage.seconds > 2.5 && usage.runs > 1"),
        ("*", 'field == "total" && value > 5.0'),
        ("total", lambda variables: variables["value"] > 5),
    ],
)
def test_right_conditions(field: str, when: Any) -> None:
    """What can be asked of the field's values is no finding."""
    assert found(rule(field=field, when=when)) == []


@pytest.mark.parametrize(
    "then, when",
    [
        ("review", "false"),
        ("review", "1 == 2"),
        ("review", "value > 5.0 && value < 3.0"),
        ("review", "value > 5.0 && !(value > 5)"),
        ("review", "confidence > 1.0"),
        ("review", "support < 0"),
        ("review", "support > 1 && support < 2"),
        ("review", 'status == "abstained"'),
        ("review", 'status == "open"'),
        ("review", 'field == "company"'),
        ("review", "value == null"),
        ("route", 'status == "settled"'),
        ("forbid", 'agent == "name"'),
        ("forbid", "value == 1.0 && value in [2, 3]"),
        ("forbid", "evidence == 0.5"),
        ("forbid", "usage.tokens < 0"),
        ("forbid", '(value > 9 ? confidence : confidence) > 2.0 && value != 1.0 && false'),
        ("forbid", '!(request.text.contains("a")) && request.text.contains("a")'),
        ("forbid", "value > request.pages && request.pages > value"),
    ],
)  # fmt: skip
def test_never_true(then: str, when: str) -> None:
    """A condition that no values make true is an error."""
    never = [each for each in found(rule(then=then, when=when)) if each.kind == "never"]
    assert [each.level for each in never] == ["error"]


@pytest.mark.parametrize(
    "when",
    [
        "confidence >= 0.0",
        "value > 3.0 || value <= 3.0",
        "!(value > 3.0 && value < 2.0)",
        "support >= 0",
        'status != "abstained"',
        "value != null",
        "1 < 2",
        "confidence < 0.5 ? confidence < 0.6 : confidence >= 0.5",
    ],
)
def test_always_true(when: str) -> None:
    """A condition that nothing makes false is a warning; `true` alone is meant."""
    assert (the_one(rule(when=when)).kind, the_one(rule(when=when)).level) == ("always", "warning")
    assert found(rule(when="true")) == []


@pytest.mark.parametrize(
    "when",
    [
        "value > 3.0",
        "confidence == 1.0",
        "confidence > 0.0",
        "support > 1 && support < 3",
        "value > request.pages",
        "dissent == 0 && support == 1",
        'request.text > "a" && request.text < "aa"',
        " && ".join(f"(value == {n}.0 || support == {n})" for n in range(12)),
    ],
)
def test_what_may_hold_is_not_called_never(when: str) -> None:
    """What can hold, or what is too much to look through, is no finding."""
    assert found(rule(when=when)) == []


UNREACHABLE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (rule("a", "force", "true"), rule("b", "force", "value > 5.0")),
    (rule("a", "force", "value > 5.0"), rule("b", "force", "value > 5.0")),
    (rule("a", "force", "value > 5.0"), rule("b", "force", "value >= 7")),
    (rule("a", "force", "value > 5.0"), rule("b", "force", "(value > 5)")),
    (rule("a", "prefer", "confidence > 0.5"), rule("b", "prefer", "evidence > 0 && confidence > 0.9")),
    (rule("a", "prefer", "true", agent=["label", "sums"]), rule("b", "prefer", "true", agent="label")),
    (rule("a", "route", "true", field="*"), rule("b", "route", "value > 5.0 && value != null")),
    (rule("a", "forbid", "value < 0.0"), rule("b", "forbid", "value < -1.0")),
    (rule("a", "forbid", "value < 0.0"), rule("b", "prefer", "value < -1.0")),
    (rule("a", "forbid", "true", agent="label"), rule("b", "veto", "true", agent="label")),
    (rule("a", "review", "value > 5.0", reviewers=2), rule("b", "review", "value > 6.0", reviewers=2)),
    (rule("a", "force", "value > 5.0", priority=-1), rule("b", "force", "value > 6.0", priority=-2)),
]


@pytest.mark.parametrize("first, second", UNREACHABLE)
@pytest.mark.parametrize("team", [TEAM, None], ids=["team", "file"])
def test_unreachable(first: dict[str, Any], second: dict[str, Any], team: TeamSchema | None) -> None:
    """A rule is unreachable behind one that holds wherever it does; the one in front is named."""
    unreachable = [each for each in found(first, second, team=team) if each.kind == "unreachable"]
    assert [each.where for each in unreachable] == ["rule 'b'"]
    assert "'a'" in unreachable[0].got


@pytest.mark.parametrize(
    "first, second",
    [
        (rule("a", "force", "value > 6.0 && value != null"), rule("b", "force", "value > 5.0 && value != null")),
        (rule("a", "force", "value == 6.0"), rule("b", "force", "value == 7.0")),
        (rule("a", "force", "true", field="paid", value=True), rule("b", "force", "true")),
        (rule("a", "prefer", "true", agent="label"), rule("b", "prefer", "true")),
        (rule("a", "prefer", "true"), rule("b", "force", "true")),
        (rule("a", "force", "true"), rule("b", "force", "value == 6.0 && value != null", priority=1)),
        (rule("a", "review", "true"), rule("b", "review", "value > 6.0", reason="large")),
        (rule("a", "review", "true"), rule("b", "review", "value > 6.0", reviewers=2)),
        (rule("a", "review", "false"), rule("b", "review", "value > 6.0")),
        (rule("a", "prefer", lambda variables: True), rule("b", "prefer", "true")),
        (rule("a", "prefer", "request.pages > 1"), rule("b", "prefer", "request.pages > value")),
    ],
)
def test_reachable(first: dict[str, Any], second: dict[str, Any]) -> None:
    """A rule that can apply is not called unreachable."""
    assert not [each for each in found(first, second) if each.kind == "unreachable"]


def test_two_values() -> None:
    """Two `force` rules of one priority that may both hold, with different values, are in conflict."""
    one = rule("a", "force", "request.pages > 3", value="1")
    other = rule("b", "force", 'request.text == "x"', value="2")
    finding = the_one(one, other)
    assert (finding.kind, finding.level, finding.where) == ("conflict", "error", "rule 'b'")
    assert "'a' may set it to \"1\"" in finding.got
    assert found(one, {**other, "value": "1.00"}) == []
    assert found(one, {**other, "priority": 1}) == []
    assert found(one, {**other, "when": "request.pages < 2"}) == []
    assert found(one, {**other, "field": "company", "value": "x"}) == []


def test_forced_value_that_is_forbidden() -> None:
    """A value that is set although every claim of it is forbidden is a conflict."""
    forbid = rule("no", "forbid", "value <= 0.0")
    finding = the_one(forbid, rule("set", "force", "request.pages == 0", value="0"))
    assert (finding.kind, finding.where) == ("conflict", "rule 'set', value")
    assert "'no' forbids" in finding.got
    assert found(forbid, rule("set", "force", "request.pages == 0", value="1")) == []
    assert found({**forbid, "when": "value <= 0.0 && evidence == 0"}, rule("s", "force", "true", value="0")) == []
    narrow = {**forbid, "when": "value <= 0.0 && request.pages > 3"}
    assert found(narrow, rule("set", "force", "request.pages == 0", value="0")) == []
    assert [e.kind for e in found(narrow, rule("set", "force", "request.pages == 7", value="0"))] == ["conflict"]


def test_review_of_a_field_that_is_never_reviewed() -> None:
    """A review rule on a field whose terms say `never` is a warning that says who wins."""
    keys: dict[str, Any] = {"fields": {"total": {"review": "never"}}}
    finding = the_one(rule(), **keys)
    assert (finding.kind, finding.level) == ("conflict", "warning")
    assert "the rule wins" in finding.fix
    assert the_one(rule(field="*", when="confidence < 0.5"), **keys).kind == "conflict"
    assert found(rule(field="company", when="value == ''"), **keys) == []


def test_two_groups_of_reviewers() -> None:
    """Two review rules that may both hold and name different people are a warning."""
    one, other = rule("a", reviewers_from=["ann"]), rule("b", when="value > 9.0", reviewers_from=["bob"], reason="x")
    assert "only ann are asked" in the_one(one, other).fix
    assert found(one, {**other, "reviewers_from": ["ann"]}) == []
    assert found(one, {**other, "when": "value < 2.0"}) == []


def test_condition_that_fails_without_a_value() -> None:
    """`force` and `route` are asked where nobody claimed a value, and should not fail there."""
    finding = the_one(rule(then="force", when="value > 5.0"))
    assert (finding.kind, finding.level) == ("no-value", "warning")
    assert found(rule(then="force", when="value != null && value > 5.0")) == []
    assert found(rule(then="review", when="value > 5.0")) == []


def test_forced_value_of_another_type() -> None:
    """A value that is not of the field's type is found, and one that is not set."""
    assert the_one(rule(then="force", when="true", value="much")).where == "rule 'r', value"
    assert "nothing" in the_one(rule(then="force", when="true", value=None)).got


def test_value_that_no_rule_sets() -> None:
    """`value` with another action than `force` does nothing."""
    assert the_one(rule(value="1")).kind == "unused"


def test_untested_rules() -> None:
    """A rule that applies in no test is a warning; one that applies is not."""
    policy = Policy.parse(
        {
            "rules": [rule("a"), rule("b", when="value > 50.0")],
            "tests": [
                {
                    "name": "large",
                    "field": "total",
                    "claims": [{"agent": "label", "value": 10, "confidence": 0.9}],
                    "expect": {"rules": ["a"], "status": "contested"},
                }
            ],
        }
    )
    untested = [each for each in check_policy(policy, TEAM, try_policy(policy)) if each.kind == "untested"]
    assert [(each.where, each.level) for each in untested] == [("rule 'b'", "warning")]


def test_a_good_policy_has_no_findings() -> None:
    """The example's own policy is without errors."""
    policy = Policy.load("examples/receipt_desk/policy.yaml")
    assert not [each for each in check_policy(policy) if each.level == "error"]


terms = st.sampled_from(["a", "b", "c.d"])
literals = st.sampled_from(["0", "1", "2.5", "'x'", "'y'", "true", "null"])
comparisons = st.tuples(terms, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), literals | terms).map(" ".join)
formulas = st.recursive(
    comparisons | st.sampled_from(["true", "false", "a in [1, 'x']", "b"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"({two[0]} && {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} || {two[1]})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner, inner).map(lambda three: f"(({three[0]}) ? ({three[1]}) : ({three[2]}))"),
    ),
    max_leaves=6,
)
values = st.sampled_from([0, 1, 2, 2.5, 0.5, "x", "y", "", True, False, None])


@given(formulas, formulas, values, values, values)
def test_what_is_proved_never_happens(one: str, other: str, a: Any, b: Any, d: Any) -> None:
    """Whatever values come: what cannot hold is not true, and what is implied holds too."""
    names = frozenset("abc")
    variables: Mapping[str, Any] = {"a": a, "b": b, "c": {"d": d}}

    def outcome(source: str) -> bool | None:
        try:
            return Expression(source, names, "here").holds(variables)
        except Exception:
            return None

    def possible(*demands: tuple[str, bool]) -> bool:
        return can_hold([demand(parse(source), wanted) for source, wanted in demands], lambda term: ANYTHING)

    results = outcome(one), outcome(other)
    for wanted in (True, False):
        assert possible((one, wanted)) or results[0] is not wanted
    for wanted in (True, False):
        assert possible((one, True), (other, wanted)) or results != (True, wanted)


NAMES = {"a": "value", "b": "confidence", "c.d": "request.pages"}
some_rules = st.lists(
    st.builds(
        dict,
        then=st.sampled_from(["forbid", "prefer", "force", "veto", "review", "route"]),
        when=formulas.map(lambda each: re.sub(r"\b(a|b|c\.d)\b", lambda name: NAMES[name[0]], each)),
        field=st.sampled_from(["total", "company", "*", ["total", "day"]]),
        agent=st.sampled_from([None, "label", "name"]),
        priority=st.integers(-1, 1),
    ),
    max_size=4,
)  # fmt: skip


@given(some_rules)
def test_any_policy_is_checked(drawn: list[dict[str, Any]]) -> None:
    """Checking ends with findings, and never with an error of its own, with a team and without."""
    rules = []
    for at, keys in enumerate(drawn):
        with suppress(PolicyError):  # nested too deep
            rules.append(Rule(**rule(f"r{at}", **keys)))
    policy = Policy(rules=tuple(rules))
    for team in (TEAM, None):
        for finding in check_policy(policy, team):
            assert finding.where
            assert finding.fix


@pytest.mark.parametrize(
    "approve, kind, got",
    [
        ("decided.total <= '500'", "type", "decided.total (number) <= '500' (text)"),
        ("decided.company > 5", "type", "decided.company (text) > 5 (number)"),
        ("request.pages == 'two'", "type", "request.pages (number) == 'two' (text)"),
        ("decided.day.matches(1) || decided.total.size() > 1", "type", "a condition that fails on every value"),
        ("request.page > 1", "unknown", "the field of the request 'page'"),
        ("decided.price.sum > 1.0", "unknown", "decided.price.sum"),
        ("agent == 'nobody'", "unknown", "the agent 'nobody'"),
        ("decided.total <= 500.0 && args.amount < 5.0 && agent == 'label' && decided.price.amount < 1.0", None, ""),
        ("decided.total <= args.limit || name == 'post'", None, ""),
        (True, None, ""),
    ],
)
def test_conditions_of_effects(approve: Any, kind: str | None, got: str) -> None:
    """The condition of an effect is checked as those of rules are; of its arguments nothing is known."""
    found = check_policy(Policy.parse({"effects": {"post": {"approve": approve}}}), TEAM)
    assert [(each.kind, each.where) for each in found][:1] == ([(kind, "effects.post.approve")] if kind else [])
    assert [each.got.startswith(got) for each in found][:1] == [True] * (kind is not None)


@pytest.mark.parametrize(
    "name, terms, kind",
    [
        ("total", {"vote": "median", "tolerance": 0.1}, None),
        ("day", {"vote": "median"}, None),
        ("anything", {"vote": "median"}, None),
        ("anything", {"vote": "items"}, None),
        ("company", {"vote": "median"}, "type"),
        ("paid", {"vote": "median"}, "type"),
        ("price", {"vote": "median"}, "type"),
        ("total", {"vote": "items"}, "type"),
        ("total", {"tolerance": 0.1}, "unused"),
    ],
)
def test_votes_that_the_field_cannot_have(name: str, terms: dict[str, Any], kind: str | None) -> None:
    """A median is of what lies on a line, a vote on items of lists; a tolerance is of a median."""
    found = check_policy(Policy.parse({"fields": {name: terms}}), TEAM)
    assert [each.kind for each in found] == ([kind] if kind else [])


def test_tests_of_unknown_effects() -> None:
    """A test names an effect and an agent that the team has."""
    test = {"name": "t", "effect": "pots", "agent": "labl", "expect": {"approved": False}}
    found = check_policy(Policy.parse({"tests": [test]}), TEAM)
    assert [(each.where, each.fix) for each in found] == [
        ("test 't', effect", "write 'post', if that is meant"),
        ("test 't', agent", "write 'label', if that is meant"),
    ]


def test_names_in_terms() -> None:
    """The agents of `weights` and `veto`, and the field of `context`, are the team's, in fields and in the defaults."""
    terms = {"weights": {"labl": 2.0}, "veto": ["sum"], "context": "contry", "vote": "pool"}
    for policy in ({"defaults": terms}, {"fields": {"total": terms}}):
        found = check_policy(Policy.parse(policy), TEAM)
        place = "defaults" if "defaults" in policy else "fields.total"
        assert [(each.where, each.fix) for each in found] == [
            (f"{place}.weights", "write 'label', if that is meant"),
            (f"{place}.veto", "write 'sums', if that is meant"),
            (f"{place}.context", "write 'country', if that is meant"),
        ]


COSTS = {"cost_of_error": 20, "cost_of_review": 2}


@pytest.mark.parametrize(
    "policy, where",
    [
        ({"fields": {"total": {"wave": 2}}}, None),
        ({"fields": {"total": {"wave": 2, "vote": "pool"}}}, "fields.total.wave"),
        ({"fields": {"total": {"wave": 2, "veto": ["label"]}}}, "fields.total.wave"),
        ({"defaults": {"wave": 2}, "fields": {"total": {"vote": "pool"}}}, None),
        ({"defaults": {"wave": 2, "vote": "items"}}, "defaults.wave"),
        ({"defaults": {"wave": 2, "vote": "pool"}, "fields": {"total": {"vote": "confidence"}}}, None),
        ({"fields": {"total": {"context": "country", "vote": "pool"}}}, None),
        ({"fields": {"total": {"context": "country", "vote": "signed_pool"}}}, None),
        ({"fields": {"total": {"context": "country", "vote": "one_coin"}}}, "fields.total.context"),
        ({"fields": {"total": {"context": "country"}}}, "fields.total.context"),
        ({"defaults": {"context": "country"}, "fields": {"total": {"vote": "pool"}}}, None),
        ({"fields": {"total": COSTS}}, None),
        ({"fields": {"total": {**COSTS, "vote": "plurality"}}}, "fields.total.cost_of_error"),
        ({"defaults": COSTS, "fields": {"total": {"vote": "borda"}}}, "fields.total.cost_of_error"),
        ({"defaults": {**COSTS, "vote": "plurality"}}, "defaults.cost_of_error"),
        ({"fields": {"total": {"accept": 0.6, "vote": "plurality"}}}, None),
    ],
)
@pytest.mark.parametrize("team", [TEAM, None])
def test_terms_that_the_vote_does_not_look_at(
    policy: dict[str, Any], where: str | None, team: TeamSchema | None
) -> None:
    """Waves need a bound, a context what was learned by it, and a threshold from costs a probability."""
    found = check_policy(Policy.parse(policy), team)
    assert [(each.level, each.where) for each in found] == ([("warning", where)] if where else [])


@pytest.mark.parametrize(
    "when, warned",
    [
        ('decided.note == "x"', True),
        ('decided["note"] == "x"', True),
        ('has(decided.note) && decided.note == "x"', False),
        ('"note" in decided && decided.note == "x"', False),
        ("decided.company == 'x'", False),
        ("['a'].exists(decided, decided.note == 'x')", False),
    ],
)
def test_lookups_of_fields_that_may_stay_empty(when: str, warned: bool) -> None:
    """A field that may have no value is asked for with has() before it is looked up, in rules and for effects."""
    wanted = [("warning", "no-value", "begin it with `has(decided.note) &&`")] * warned
    of_rule = [each for each in found(rule(when=when)) if "decided" in each.fix]
    assert [(each.level, each.kind, each.fix) for each in of_rule] == wanted
    of_effect = [each for each in found(effects={"post": {"approve": when}}) if "decided" in each.fix]
    assert [(each.level, each.kind, each.fix) for each in of_effect] == wanted


@pytest.mark.parametrize(
    "policy, where, got",
    [
        ({"entry": {"require": [{"name": "a", "that": "request.txt != ''"}]}}, "entry.require 'a', that", "txt"),
        ({"entry": {"require": [{"name": "a", "that": "1 + 1"}]}}, "entry.require 'a', that", "2"),
        ({"entry": {"require": [{"name": "a", "that": "request.text > 3"}]}}, "entry.require 'a', that", "text"),
        ({"handoff": {"pay": [{"name": "a", "that": "inputs.nope > 1"}]}}, "handoff.pay 'a', that", "nope"),
    ],
)
def test_gates_that_cannot_be_meant(policy: dict[str, Any], where: str, got: str) -> None:
    """A requirement that names a field which is not there, or is not true or false, is an error with its place."""

    class Order(BaseModel):
        text: str

    class Paid(BaseModel):
        total: float
        paid: dict[str, Any]

    @agent(writes={"total": float}, capability="extraction")
    def read(text: str) -> None: ...

    @agent(writes={"paid": dict}, capability="action")
    def pay(total: float) -> None: ...

    roster = Roster([read, pay], fields_of(Order), fields_of(Paid))
    (finding,) = check_policy(Policy.parse(policy), TeamSchema.of(roster))
    assert (finding.level, finding.where) == ("error", where)
    assert got in finding.got


def test_gates_that_are_fine() -> None:
    """Requirements over fields that are there are found to be fine."""
    require = [{"name": "a", "that": "size(request.text) > 0 && has(request.text)"}]
    policy = Policy.parse({"entry": {"require": require}})
    assert [each for each in check_policy(policy, TEAM) if each.where.startswith("entry")] == []
