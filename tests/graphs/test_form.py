"""Values that may be one thing, written or measured differently."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.graphs.form import differs_in_form

day = datetime.date


@pytest.mark.parametrize(
    "one, other, how",
    [
        (Decimal("12.50"), Decimal("1250"), "a factor of 100"),
        (6, 0.06, "a factor of 100"),
        (3_000_000, 3, "a factor of 1000000"),
        (Decimal("12.5"), Decimal("-12.5"), "the same but for the sign"),
        (Decimal("12.35"), Decimal("12.345"), "one is the other rounded"),
        (Decimal("12"), Decimal("11.60"), "one is the other rounded"),
        (day(2018, 3, 4), day(2018, 4, 3), "day and month exchanged"),
        (day(18, 3, 4), day(2018, 3, 4), "the same but for the century"),
        (
            datetime.datetime(2018, 3, 4, 12, tzinfo=datetime.UTC).replace(tzinfo=None),
            datetime.datetime(2018, 3, 4, 12, tzinfo=datetime.UTC),
            "one time of day in two time zones",
        ),
        ("INV-0042", "inv 0042", "the same letters and digits"),
        ("1.234,50", "1,234.50", "the same letters and digits"),
        ("5 kg", "5 lb", "one number with two units"),
        ("RM 12.50", "12.50", "one number with a unit and without"),
        ("RM12.50", "$12.50", "one number with two units"),
        (["a", "b"], ["b", "a"], "the same items in another order"),
    ],
)
def test_one_thing_in_two_forms(one: Any, other: Any, how: str) -> None:
    """It is said how, whichever comes first."""
    assert differs_in_form(one, other) == how
    assert differs_in_form(other, one) == how


@pytest.mark.parametrize(
    "one, other",
    [
        (Decimal("12.50"), Decimal("125.0")),  # one digit slipped is a misreading
        (Decimal("12.50"), Decimal("12.60")),
        (Decimal("12"), Decimal("11.40")),
        (100, 10_001),
        (0, 100),
        (True, 100),
        (float("nan"), 1.0),
        (float("inf"), 1.0),
        (day(2018, 3, 4), day(2018, 5, 4)),
        (day(2018, 3, 4), day(2017, 3, 4)),
        ("Aeon", "Tesco"),
        ("5 kg", "6 kg"),
        ("5 kg", "6 lb"),
        ("!", "?"),
        ("", "x"),
        (["a"], ["a", "a"]),
        ([object()], [1]),
        ({"a": 1}, {"a": 100}),
        (None, 1),
    ],
)
def test_two_things(one: Any, other: Any) -> None:
    """Nothing is said of values that are merely different."""
    assert differs_in_form(one, other) == ""
    assert differs_in_form(other, one) == ""


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(),
    st.dates(),
    st.datetimes(),
    st.lists(st.one_of(st.text(), st.integers(), st.dates())),
)


@given(values, values)
def test_any_two_values(one: Any, other: Any) -> None:
    """No values raise, and their order does not matter."""
    assert differs_in_form(one, other) == differs_in_form(other, one)
