"""Tests of a policy: what is passed, what differs, and what is wrong in the test itself."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from quorate.contracts import Policy, PolicyError, fields_of
from quorate.graphs import Trial, try_policy


class Document(BaseModel):
    country: str
    received: datetime.date | None = None


class Receipt(BaseModel):
    total: Decimal
    day: datetime.date
    currency: str


OUTCOME, REQUEST = fields_of(Receipt), fields_of(Document)
RULES: list[dict[str, Any]] = [
    {"name": "positive", "field": "total", "then": "forbid", "when": "value <= 0.0"},
    {"name": "large", "field": "total", "then": "review", "when": "value > 1000.0", "reviewers": 2},
    {"name": "to-board", "field": "total", "then": "route", "when": "value != null && value > 1000.0", "to": "board"},
    {"name": "seen", "field": "total", "then": "prefer", "when": '"quote" in sources'},
    {"name": "late", "field": "day", "then": "review", "when": "value > request.received"},
    {"name": "home", "field": "currency", "then": "force", "when": 'request.country == "MY"', "value": "MYR"},
    {"name": "spent", "field": "currency", "then": "review", "when": "usage.tokens > 100 || decided.total > 5.0"},
]


def claim(agent: str, value: Any, confidence: float = 0.9, **more: Any) -> dict[str, Any]:
    return {"agent": agent, "value": value, "confidence": confidence, **more}


def trial(typed: bool = True, **test: Any) -> Trial:
    policy = Policy.parse({"rules": RULES, "tests": [{"name": "t", "field": "total", **test}]})
    (result,) = try_policy(policy, OUTCOME, REQUEST) if typed else try_policy(policy)
    return result


PASSING: list[dict[str, Any]] = [
    {"claims": [claim("a", 12), claim("b", "12.00")], "expect": {"status": "settled", "value": 12.0, "by": "vote"}},
    {"claims": [claim("a", -1)], "expect": {"status": "abstained", "value": None, "rules": ["positive"]}},
    {
        "claims": [claim("a", 2000)],
        "expect": {"status": "contested", "rules": ["large", "to-board"], "reviewers": 2, "to": ["board"]},
    },
    {
        "claims": [claim("a", 1), claim("b", 2, 0.2, evidence=["quote", "items"])],
        "expect": {"value": 2, "by": "rule:seen"},
    },
    {"claims": [claim("a", 1, person="ann")], "expect": {"by": "person:ann"}},
    {
        "field": "day",
        "claims": [claim("a", datetime.date(2026, 5, 2))],
        "request": {"received": datetime.date(2026, 5, 1)},
        "expect": {"rules": ["late"], "value": datetime.date(2026, 5, 2)},
    },
    {"field": "currency", "request": {"country": "MY"}, "decided": {"total": 1}, "expect": {"value": "MYR"}},
    {
        "field": "currency",
        "request": {"country": "SG"},
        "claims": [claim("a", "SGD")],
        "usage": {"tokens": 500},
        "expect": {"status": "contested", "rules": ["spent"]},
    },
    {"expect": {"status": "abstained", "reviewers": 0, "to": ["x"][1:]}},
]


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("test", PASSING)
def test_passed(test: dict[str, Any], typed: bool) -> None:
    """A test passes where all that it expects came, with the team's types and without."""
    if not typed and test.get("claims") == PASSING[0]["claims"]:
        test = {**test, "claims": [claim("a", 12), claim("b", 12.0)]}  # without types text is text
    result = trial(typed, **test)
    assert result.differences == ()
    assert result.passed


def test_each_difference_is_named() -> None:
    """What differs is told key by key, with why the field stands as it does."""
    wrong = {"status": "settled", "value": 3, "by": "rule:x", "rules": ["x"], "reviewers": 1, "to": ["ann"]}
    result = trial(claims=[claim("a", 2000)], expect=wrong)
    assert not result.passed
    assert {each.key: (each.got, each.expected) for each in result.differences} == {
        "status": ("contested (rule 'large' asks for a person)", "settled"),
        "by": ("vote", "rule:x"),
        "rules": ("large, to-board", "x"),
        "reviewers": ("2", "1"),
        "to": ("board", "ann"),
        "value": ("2000", "3"),
    }


def test_why_another_value_came() -> None:
    """Where the status is as expected, what differs first says why."""
    result = trial(claims=[claim("a", 2000)], expect={"status": "contested", "by": "rule:x", "to": []})
    assert [each.got for each in result.differences] == ["vote (rule 'large' asks for a person)", "board"]


@pytest.mark.parametrize(
    "test, key",
    [
        ({"field": "totl"}, "field"),
        ({"claims": [claim("a", 1), claim("b", "much")]}, "claims.1.value"),
        ({"request": {"contry": "MY"}}, "request"),
        ({"request": {"received": "yesterday"}}, "request.received"),
        ({"decided": {"dya": "x"}}, "decided"),
        ({"decided": {"day": "x"}}, "decided.day"),
        ({"expect": {"value": "much"}}, "expect.value"),
    ],
)
def test_wrong_test(test: dict[str, Any], key: str) -> None:
    """A test that names what is not there, or a value of another type, fails with the place."""
    result = trial(**{"expect": {"status": "settled"}, **test})
    assert [each.key for each in result.differences] == [key]


@pytest.mark.parametrize(
    "test, where",
    [
        ({"expect": {}}, "tests.0.expect"),
        ({"expect": {"statsu": 1}}, "tests.0.expect.statsu"),
        ({"claims": [claim("a", 1, 1.5)]}, "tests.0.claims.0.confidence"),
        ({"claims": [claim("a", 1, evidence=["rumour"])]}, "tests.0.claims.0.evidence.0"),
        ({"usage": {"token": 1}}, "tests.0"),
        ({"clams": []}, "tests.0.clams"),
    ],
)
def test_wrong_form(test: dict[str, Any], where: str) -> None:
    """A test of another form is refused with the file."""
    with pytest.raises(PolicyError) as caught:
        trial(**{"expect": {"status": "settled"}, **test})
    assert caught.value.where == f"policy: {where}"


def test_two_tests_of_one_name() -> None:
    """Names of tests are unique."""
    tests = [{"name": "t", "field": "total", "expect": {"status": "settled"}}] * 2
    with pytest.raises(PolicyError, match="'t' twice; expected a name of its own for each test"):
        Policy.parse({"tests": tests})


def test_tests_are_no_part_of_the_digest() -> None:
    """A test changes no decision, and no digest."""
    test = {"name": "t", "field": "total", "expect": {"status": "settled"}}
    assert Policy.parse({"rules": RULES}).digest == Policy.parse({"rules": RULES, "tests": [test]}).digest


APPROVE = "decided.total <= 500.0 && args.account != 'x' && request.country == 'MY'"


def effect_trial(typed: bool = True, approve: bool | str = APPROVE, **test: Any) -> Trial:
    given = {"name": "t", "effect": "post", "decided": {"total": "12.00"}, "request": {"country": "MY"}, **test}
    policy = Policy.parse({"effects": {"post": {"approve": approve}}, "tests": [given]})
    (result,) = try_policy(policy, OUTCOME, REQUEST) if typed else try_policy(policy)
    return result


@pytest.mark.parametrize(
    "test, got",
    [
        ({"args": {"account": "a"}, "expect": {"approved": True}}, None),
        ({"args": {"account": "x"}, "expect": {"approved": False}}, None),
        ({"args": {"account": "a"}, "decided": {"total": 501}, "expect": {"approved": False}}, None),
        ({"args": {"account": "x"}, "expect": {"approved": True}}, "no: a person is asked"),
        ({"args": {"account": "a"}, "expect": {"approved": False}}, "yes"),
        ({"expect": {"approved": True}}, "no: a person is asked (effects.post"),
        ({"effect": "other", "expect": {"approved": False}}, None),
        ({"approve": True, "expect": {"approved": True}}, None),
        ({"approve": "agent == 'poster'", "agent": "poster", "expect": {"approved": True}}, None),
        ({"decided": {"total": "much"}, "expect": {"approved": False}}, "'much'"),
    ],
)
def test_effects(test: dict[str, Any], got: str | None) -> None:
    """A test of an effect says whether the policy approves it; what cannot be evaluated is for a person."""
    found = effect_trial(**test)
    assert found.passed is (got is None)
    assert found.decision is None
    if got is not None:
        assert found.differences[0].got.startswith(got.replace("effects.post", "approve"))


@pytest.mark.parametrize(
    "test, message",
    [
        ({"expect": {"approved": True}}, "name one of them"),
        ({"field": "total", "effect": "post", "expect": {"approved": True}}, "name one of them"),
        ({"field": "total", "expect": {"approved": True}}, "`expect.approved` says nothing in a test of a field"),
        ({"field": "total", "args": {}, "expect": {"status": "settled"}}, "`args` says nothing in a test of a field"),
        ({"effect": "post", "expect": {"status": "settled"}}, "`expect.status` says nothing in a test of an effect"),
        (
            {"effect": "post", "claims": [], "expect": {"approved": True}},
            "`claims` says nothing in a test of an effect",
        ),
    ],
)
def test_tests_of_nothing(test: dict[str, Any], message: str) -> None:
    """A test is of a field or of an effect, and says nothing that belongs to the other."""
    with pytest.raises(PolicyError, match=message):
        Policy.parse({"tests": [{"name": "t", **test}]})
