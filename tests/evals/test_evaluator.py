from __future__ import annotations

import datetime
import decimal
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from quorate.contracts import Field, fields_of
from quorate.evals import AMOUNT, DATE, EVALUATORS, TEXT, Equality, Evaluator, exact

amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=2)
READABLE: dict[str, st.SearchStrategy[Any]] = {
    "amount": st.one_of(amounts, amounts.map(str), st.integers(), st.none()),
    "date": st.one_of(st.dates(), st.datetimes(), st.dates().map(str), st.none()),
    "text": st.one_of(st.text(), st.none()),
    "exact": st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists),
}
MISSING = [None, "", "  "]


def of(name: str) -> Evaluator:
    return EVALUATORS[name]


class Receipt(BaseModel):
    company: str
    total: Decimal
    lines: list[Decimal]


@pytest.mark.parametrize("name", READABLE)
@given(data=st.data())
def test_identity(name: str, data: st.DataObject) -> None:
    """A value that can be read equals itself."""
    value = data.draw(READABLE[name])
    assert of(name).score(value, value) == 1


@pytest.mark.parametrize("name", READABLE)
@given(data=st.data())
def test_symmetry(name: str, data: st.DataObject) -> None:
    """Of two values that can be read, it does not matter which is the expected one."""
    one, other = data.draw(READABLE[name]), data.draw(READABLE[name])
    assert of(name).score(one, other) == of(name).score(other, one)


@pytest.mark.parametrize("name", READABLE)
@given(expected=st.none() | st.floats() | st.text(), actual=st.none() | st.floats() | st.text() | st.binary())
def test_range(name: str, expected: Any, actual: Any) -> None:
    """Whatever comes, the score is 0 or 1, or None where the expected value cannot be judged."""
    assert of(name).score(expected, actual) in (0.0, 1.0, None)


@pytest.mark.parametrize("name", ["amount", "date", "text"])
@pytest.mark.parametrize("missing", MISSING)
def test_missing(name: str, missing: Any) -> None:
    """Missing equals missing in each of its forms, and no value."""
    value = "2024-05-06" if name == "date" else "7"
    assert all(of(name).score(missing, other) == 1 for other in MISSING)
    assert of(name).score(missing, value) == of(name).score(value, missing) == 0


@pytest.mark.parametrize(
    "name,unreadable",
    [
        ("amount", "1.20 or 1.30"),
        ("amount", "12,50"),
        ("amount", "(5.00)"),
        ("amount", "five"),
        ("amount", True),
        ("amount", [1]),
        ("amount", float("nan")),
        ("amount", "NaN"),
        ("amount", float("inf")),
        ("date", "06/05/2024"),
        ("date", 20240506),
        ("text", 5),
        ("exact", float("nan")),
    ],
)
def test_unreadable(name: str, unreadable: Any) -> None:
    """An unreadable expected value cannot be judged; an unreadable actual one is wrong."""
    assert of(name).score(unreadable, unreadable) is None
    assert of(name).score(None, unreadable) == 0


@pytest.mark.parametrize(
    "text,number",
    [
        ("RM 1,234.50", "1234.5"),
        ("$7.10", "7.1"),
        ("-RM5", "-5"),
        ("RM -5.00", "-5"),
        ("\N{MINUS SIGN}5", "-5"),
        ("Rs. 500", "500"),
        ("500.00 €", "500"),
        ("\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}.50", "12.5"),
        (".5", "0.5"),
        ("1E+3", "1000"),
        (12.5, "12.50"),
        (7, "7.00"),
        ("0", "-0.00"),
    ],
)
def test_written_amounts(text: Any, number: str) -> None:
    """Currency, thousands and trailing zeros do not count."""
    assert AMOUNT.score(text, Decimal(number)) == 1


@given(amounts, st.sampled_from(["RM {:,}", "{:,} EUR", "${}", " {} ", "MYR{:f}"]))
def test_amount_forms(amount: Decimal, form: str) -> None:
    """Every way of writing an amount equals the amount."""
    assert AMOUNT.score(form.format(amount), amount) == 1


@given(amounts, amounts)
def test_amounts_differ(one: Decimal, other: Decimal) -> None:
    """Two amounts are equal just where the numbers are."""
    assert AMOUNT.score(str(one), str(other)) == (decimal.Decimal(one) == other)


def test_dates() -> None:
    """The day counts, not the time, nor the type that it comes in."""
    day = datetime.date(2024, 5, 6)
    for other in ("2024-05-06", " 2024-05-06T23:59:00Z ", datetime.datetime(2024, 5, 6, 7, tzinfo=datetime.UTC)):
        assert DATE.score(day, other) == 1
    assert DATE.score(day, "2024-06-05") == 0


@given(st.text(), st.lists(st.sampled_from(list(" .,-&/()'")), max_size=5))
def test_text_ignores_punctuation(text: str, marks: list[str]) -> None:
    """Case, spaces and punctuation do not count."""
    assert TEXT.score(text.casefold() + "".join(marks), text) == 1


def test_text() -> None:
    """Letters and digits count, in any writing."""
    assert TEXT.score("ABC HO Trading (M) Sdn. Bhd.", "abc ho trading m sdn bhd") == 1
    assert TEXT.score("ABC HO TRADING", "ABC H0 TRADING") == 0
    assert TEXT.score("--", None) == 1


def test_exact_is_the_fields_equality() -> None:
    """`exact` judges as the outcome's field does when claims are tallied."""
    fields = fields_of(Receipt)
    assert exact(fields["total"]).score("31.00", Decimal("31")) == 1
    assert exact(fields["company"]).score("  Abc  Ho", "ABC HO") == 1
    assert exact(fields["lines"]).score(["1.0"], ["1.0"]) == 1
    assert exact(fields["total"]).score("n/a", "31") is None
    assert exact(fields["total"]).score("31", "n/a") == 0


def test_own_equality() -> None:
    """An equality of one's own is a name and a key."""
    first = Equality("first letter", lambda value: str(value)[:1])
    assert first.score("abc", "axy") == 1
    assert first.score("abc", Field("x", str)) != 1
