"""Form: whether two different values may be one thing, written or measured differently."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic_core import to_jsonable_python

from ..contracts import canonical_json

__all__ = ["differs_in_form"]

_LEAST_POWER = 2
_MOST_POWER = 9
_QUANTITY = re.compile(r"\s*([^\d\s+-]*)\s*([+-]?\d[\d.,' ]*)\s*(\D*)")


def differs_in_form(one: Any, other: Any) -> str:
    """Why two unequal values may be one thing, in a few words; empty where nothing says so. Symmetric.

    Numbers: a factor of 100, 1000 or more tens, the sign, or one is the other rounded. Dates: day and month exchanged,
    or the century. Texts: the same letters and digits, or one number with another unit. Lists: another order.

    Args:
        one: A typed value of the field.
        other: Another.
    """
    match one, other:
        case (bool(), _) | (_, bool()):
            return ""
        case (int() | float() | Decimal(), int() | float() | Decimal()):
            return _numbers(_decimal(one), _decimal(other))
        case datetime.datetime(), datetime.datetime():
            same = one.replace(tzinfo=None) == other.replace(tzinfo=None)
            return "one time of day in two time zones" if same else _dates(one, other)
        case datetime.date(), datetime.date():
            return _dates(one, other)
        case str(), str():
            return _texts(one, other)
        case (list() | tuple(), list() | tuple()):
            return _lists(one, other)
        case _:
            return ""


def _decimal(number: float | Decimal) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(repr(number))


def _numbers(one: Decimal, other: Decimal) -> str:
    if not (one.is_finite() and other.is_finite() and one and other):
        return ""
    if one == -other:
        return "the same but for the sign"
    power = abs(one.adjusted() - other.adjusted())
    if _LEAST_POWER <= power <= _MOST_POWER and one.normalize().as_tuple()[:2] == other.normalize().as_tuple()[:2]:
        return f"a factor of {10**power}"
    short, long = sorted((one, other), key=_places)
    apart = _places(long) - _places(short)
    if apart > 0 and abs(short - long) <= Decimal(5).scaleb(-_places(short) - 1):
        return "one is the other rounded"
    return ""


def _places(number: Decimal) -> int:
    """Digits after the point that are not a trailing zero."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _dates(one: datetime.date, other: datetime.date) -> str:
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "day and month exchanged"
    if (one.month, one.day) == (other.month, other.day) and one.year % 100 == other.year % 100:
        return "the same but for the century"
    return ""


def _texts(one: str, other: str) -> str:
    bare, barer = ("".join(filter(str.isalnum, text.casefold())) for text in (one, other))
    if bare and bare == barer:
        return "the same letters and digits"
    left, right = _QUANTITY.fullmatch(one), _QUANTITY.fullmatch(other)
    if left is None or right is None:
        return ""
    units = [(match[1] + match[3]).strip().casefold() for match in (left, right)]
    numbers = [_number(match[2]) for match in (left, right)]
    if any(map(math.isnan, numbers)) or units[0] == units[1]:
        return ""
    if numbers[0] == numbers[1]:
        return "one number with two units" if all(units) else "one number with a unit and without"
    return ""


def _number(text: str) -> float:
    try:
        return float(re.sub(r"[,' ]", "", text))
    except ValueError:
        return math.nan


def _lists(one: Sequence[Any], other: Sequence[Any]) -> str:
    try:
        same = sorted(map(_text, one)) == sorted(map(_text, other))
    except (TypeError, ValueError):
        return ""
    return "the same items in another order" if same else ""


def _text(item: Any) -> str:
    return canonical_json(to_jsonable_python(item))
