"""When the type that an agent names is the field's type."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal, NewType, Optional, Protocol, Union

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType, TypedDict

from quorate.contracts import Canonical, same_type


class Base(BaseModel):
    a: int


class Derived(Base):
    b: int


class Row(TypedDict):
    a: int


class Kind(StrEnum):
    A = "a"


class Plain(Enum):
    A = "a"


class Shape(Protocol):
    size: int


Ringgit = NewType("Ringgit", Decimal)
Amount = TypeAliasType("Amount", Decimal | None)


@pytest.mark.parametrize(
    "one, other",
    [
        (str, str),
        (str, str | None),
        (Optional[str], str),  # noqa: UP045
        (Union[str, None], str | None),  # noqa: UP007
        (Annotated[str, "doc"], str),
        (Annotated[str | None, "doc"], Annotated[str, Canonical(str.lower)]),
        (Any, Decimal),
        (Decimal, Any),
        (list[int], list[str]),
        (list, list[str]),
        (Sequence[str], list[str]),
        (Iterable[str], list[str]),
        (tuple[str, ...], list[str]),
        (Mapping[str, int], dict[str, int]),
        (dict, dict[str, int]),
        (dict[str, Any], Row),
        (Row, dict),
        (Row, Row),
        (Derived, Base),
        (Base, Derived),
        (Kind, str),
        (Literal["a"], str),
        (str, Literal["a", "b"]),
        (Literal["a"], Literal["a", "b"]),
        (Literal[1, "a"], int | str),
        (int, int | str),
        (int | str, str | int),
        (int | str | None, int),
        (Ringgit, Decimal),
        (Amount, Decimal),
        (datetime.datetime, datetime.date),
        (bool, int),
        (None, None),
    ],
)
def test_same(one: Any, other: Any) -> None:
    """None, metadata, element types and the parts of a union do not make two types different."""
    assert same_type(one, other)


@pytest.mark.parametrize(
    "one, other",
    [
        (str, Decimal),
        (str, int),
        (float, Decimal),
        (int, bool),
        (list[str], str),
        (list[str], dict[str, str]),
        (str, datetime.date),
        (int | str, Decimal),
        (int | Decimal, int | str),
        (Literal[1], str),
        (Plain, str),
        (Base, Row),
        (Base, dict),
        (Row, list),
        (Shape, str),
        (str, Shape),
        (Ringgit, str),
        (Amount, str),
        (str, bytes),
    ],
)
def test_not_the_same(one: Any, other: Any) -> None:
    """Types of which neither holds the other are different, in either order."""
    assert not same_type(one, other)
    assert one is int or not same_type(other, one)
