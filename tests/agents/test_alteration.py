from __future__ import annotations

import datetime
import enum
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic import Field as Constrained

from quorate.agents.alteration import altered, halved, mistaken
from quorate.contracts import Field


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Place(BaseModel):
    name: str
    number: int


@pytest.mark.parametrize(
    "value, other",
    [
        ("TOTAL 12.50", "TOTAL 23.50"),
        ("total of none", "latot of none"),
        (12, 13),
        (Decimal("1.50"), Decimal("2.50")),
        (True, False),
        (datetime.date(2026, 11, 21), datetime.date(2026, 11, 22)),
        (["", "a 1"], ["", "a 2"]),
        ((1, 2), (2, 2)),
        ({"none": None, "one": 1}, {"none": None, "one": 2}),
        (Place(name="a", number=1), Place(name="a", number=2)),
        ("", None),
        ("aa", None),
        (None, None),
        ([], None),
        (datetime.date.max, None),
    ],
)
def test_altered(value: Any, other: Any) -> None:
    """A value is changed in one place, keeps its type and length, and stays where nothing can be changed."""
    assert altered(value) == other


@given(st.text())
def test_text_keeps_its_length(text: str) -> None:
    """An altered text is as long as before, so that places in it can be quoted."""
    other = altered(text)
    assert other is None or (len(other) == len(text) and other != text)


@pytest.mark.parametrize(
    "value, half",
    [("abcd", "ab"), ([1, 2, 3], [1]), ({"a": 1, "b": 2}, {"a": 1}), ("a", None), ([], None), (12, None)],
)
def test_halved(value: Any, half: Any) -> None:
    """Of a text, a list or a mapping the first half stays; nothing else can be halved."""
    assert halved(value) == half


@pytest.mark.parametrize(
    "annotation, value, other",
    [
        (Decimal, "12.50", "23.50"),
        (Decimal, 12.5, 13.5),
        (Literal["yes", "no"], "yes", "no"),
        (Literal["yes", "no"] | None, "no", "yes"),
        (Colour, "red", Colour.BLUE),
        (bool, True, False),
        (datetime.date, datetime.date(2026, 1, 31), datetime.date(2026, 2, 1)),
        (Annotated[int, Constrained(le=5)], 5, None),
        (Literal["only"], "only", None),
        (int, "no number", None),
    ],
)
def test_mistaken(annotation: Any, value: Any, other: Any) -> None:
    """A mistake is another value that the field's type accepts, or none where there is none."""
    assert mistaken(Field("field", annotation), value) == other
