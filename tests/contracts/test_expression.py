"""Conditions in CEL: what they see, and what is refused before anything runs."""

from __future__ import annotations

import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

from quorate.contracts import PolicyError
from quorate.contracts.expression import Expression

NAMES = frozenset({"value", "request", "decided", "claims"})


class Colour(Enum):
    RED = "red"


class Money(BaseModel):
    amount: Decimal
    day: datetime.date


def holds(source: str, **variables: Any) -> bool:
    names = {"value": None, "request": {}, "decided": {}, "claims": []}
    return Expression(source, NAMES, "here").holds({**names, **variables})


@pytest.mark.parametrize(
    "source, variables",
    [
        ("value > 500", {"value": Decimal("500.01")}),
        ("value == 500.0", {"value": Decimal("500.00")}),
        ('value < "2020-02-01"', {"value": datetime.date(2020, 1, 31)}),
        ('value.amount > 1.0 && value.day == "2020-01-02"', {"value": Money(amount="2", day="2020-01-02")}),  # type: ignore[arg-type]
        ('value == "red"', {"value": Colour.RED}),
        ("value.size() == 2", {"value": {1, 2}}),
        ("has(decided.total) && decided.total > 1.0", {"decided": {"total": Decimal(2)}}),
        ("!has(decided.total)", {"decided": {}}),
        ('!("total" in decided)', {"decided": {}}),
        ('decided["total"] > 1.0', {"decided": {"total": 2}}),
        ("value == null", {"value": None}),
        ("claims.all(c, c > 0) && claims.exists(c, c == 2)", {"claims": [1, 2]}),
        ("claims.filter(c, c > 1).size() == 1", {"claims": [1, 2]}),
        ('request.text.matches("^(a+)+$")', {"request": {"text": "aaaa"}}),
        ('request.text == "claims.all(c, claims.all(d, claims.all(e, true)))"', {"request": {"text": 'x'}}),
        ("value > 1 // claims.all(c, claims.all(d, claims.all(e, true)))", {"value": 2}),
        ('value == "// not a comment" || true', {}),
    ],
)  # fmt: skip
def test_conditions_that_can_be_asked(source: str, variables: dict[str, Any]) -> None:
    """Typed values arrive as CEL's own types, `has` asks for a field, and texts and comments count for nothing."""
    expected = "text ==" not in source
    assert holds(source, **variables) is expected


@pytest.mark.parametrize(
    "source, got",
    [
        ("", "a CEL expression"),
        ("value >", "a CEL expression"),
        ("value > 1 1", "a CEL expression"),
        ("valeu > 1", "names valeu"),
        ("total > 1 && company == ''", "names company, total"),
        ("value.lowerAscii() == 'a'", "calls lowerAscii"),
        ("os.getenv('HOME') == ''", "names os"),
        ("getenv('HOME') == ''", "calls getenv"),
        ("cel.bind(x, 1, x + 1) > 0", "names cel"),
        ("value == 1 || " * 150 + "true", "2104 characters"),
        ("(" * 500 + "true" + ")" * 500, "a CEL expression"),
        ("claims.all(a, claims.all(b, claims.all(c, true)))", "3 loops"),
        ("claims . all (a, claims\n.\nall\n(b, claims. all(c, true)))", "3 loops"),
        ("claims.exists(a, claims.exists_one(b, claims.existsOne(c, true)))", "3 loops"),
        ("claims.all(a, true) || claims //\n.all(b, claims //x\n. //y\nall //\n( b, true))", "3 loops"),
        ("claims.map(a, claims.map(b, claims)).size() > 0", "2 of them map or filter"),
        ("claims.map(a, claims.filter(b, true)).size() > 0", "2 of them map or filter"),
        ("'.all(' == '' || claims.all(a, claims.all(b, claims.all(c, true)))", "3 loops"),
        ("size(decided) > 0", "as a whole"),
        ("decided.all(k, decided[k] > 1.0)", "as a whole"),
        ("value in decided", "as a whole"),
        ("has(decided.total) && decided == {}", "as a whole"),
    ],
)
def test_refused_when_it_is_loaded(source: str, got: str) -> None:
    """An expression that does not compile, names what is not there, or could cost much is refused with its place."""
    with pytest.raises(PolicyError) as caught:
        Expression(source, NAMES, "policy.yaml: rule 'r', when")
    assert got in str(caught.value)
    assert caught.value.where == "policy.yaml: rule 'r', when"
    assert len(str(caught.value)) < 5_000


@pytest.mark.parametrize(
    "source, variables",
    [
        ("value > 500", {"value": None}),
        ("value > 500", {"value": "600"}),
        ("decided.total > 1.0", {}),
        ("1 / 0 > 1", {}),
        ("9223372036854775807 + 1 > 0", {}),
        ("claims[10] == 1", {}),
        ("value + 1 > 2", {"value": 1.5}),
        ("value", {"value": 1}),
        ("timestamp(value) == timestamp(value)", {"value": "yesterday"}),
        ("value.a == 1", {"value": object()}),
    ],
)
def test_error_while_it_is_asked(source: str, variables: dict[str, Any]) -> None:
    """What cannot be evaluated, or is neither true nor false, is an error that names the place and the source."""
    with pytest.raises(PolicyError, match=r"here: .*expected true or false from"):
        holds(source, **variables)


def test_error_is_short() -> None:
    """Of what the CEL library says of two types its first sentence is told; the rest is advice on CEL at large."""
    with pytest.raises(PolicyError) as caught:
        holds("value > 8", value="much")
    assert "No such overload" in caught.value.got
    assert "coerce" not in caught.value.got


@pytest.mark.parametrize(
    "source, reads",
    [
        ("value > 1", set()),
        ("decided.total > 1.0 && has(decided . company)", {"total", "company"}),
        ("decided['total'] > 1.0 || \"date\" in decided", {"total", "date"}),
        ("request.decided.total == 1", set()),
        ("value == 'decided.total'", set()),
        ("true // decided.total", set()),
        ("decided.money.amount > 1.0", {"money"}),
    ],
)
def test_fields_that_it_reads(source: str, reads: set[str]) -> None:
    """The fields of `decided` that an expression names are known before it runs."""
    assert Expression(source, NAMES, "here").reads == reads


def test_only_the_named_variables_are_looked_at() -> None:
    """A variable that the expression does not name is not even converted."""

    class Untouchable(dict[str, Any]):
        def items(self) -> Any:
            raise AssertionError("converted")

    assert holds("value > 1", value=2, request=Untouchable())
