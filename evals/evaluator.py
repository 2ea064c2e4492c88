"""Evaluators: how right one field's value is."""

from __future__ import annotations

import datetime
import decimal
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from ..contracts import Field

__all__ = ["AMOUNT", "DATE", "EVALUATORS", "TEXT", "Equality", "Evaluator", "exact"]


class Evaluator(Protocol):
    """Says how right one field's value is."""

    @property
    def name(self) -> str:
        """The name by which a suite asks for it."""
        ...

    def score(self, expected: Any, actual: Any) -> float | None:
        """How right `actual` is, in [0, 1]; None where `expected` cannot be judged by this evaluator."""
        ...


@dataclass(frozen=True)
class Equality:
    """1 where both values have the same key, else 0.

    Missing: `None`, or a value with an empty key; missing equals missing, and nothing else. Unreadable, NaN and
    infinity among them: an unreadable `expected` gives None (it cannot be judged), an unreadable `actual` gives 0.
    """

    name: str
    """The name by which a suite asks for it."""
    key: Callable[[Any], str]
    """From a value to the text that equal values share; raises ValueError where the value is unreadable."""

    def score(self, expected: Any, actual: Any) -> float | None:
        """`1 if key(expected) == key(actual) else 0`, as a float; None where `expected` is unreadable."""
        try:
            wanted = self._key(expected)
        except ValueError:
            return None
        try:
            return float(self._key(actual) == wanted)
        except ValueError:
            return 0.0

    def _key(self, value: Any) -> str:
        if isinstance(value, float | decimal.Decimal) and not math.isfinite(value):
            raise ValueError(f"{value} is not a value")
        return "" if value is None else self.key(value)


def exact(field: Field) -> Equality:
    """Equality as the outcome's field has it: the one that claims are tallied by."""
    return Equality("exact", field.key)


_ANY = Field("value", Any)
_AMOUNT = Field("amount", decimal.Decimal)
_DATE = Field("date", datetime.date)
_TEXT = Field("text", str)

_UNIT = re.compile(r"[^\W\d_]+(?:\.(?!\d))?")
_NUMBER = re.compile(r"([+-]?)\s*(\d{1,3}(?:,\d{3})+|\d*)(\.\d+)?")


def _amount_key(value: Any) -> str:
    if isinstance(value, bool):
        raise ValueError("a truth value is not an amount")
    if not isinstance(value, str):
        return _AMOUNT.key(value)
    return _AMOUNT.key(_number_in(value)) if value.strip() else ""


def _number_in(text: str) -> decimal.Decimal:
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        text = unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-")
    bare = _UNIT.sub(" ", "".join(" " if unicodedata.category(char) == "Sc" else char for char in text))
    match = _NUMBER.fullmatch(bare.strip())
    if match is None or not (match[2] or match[3]):
        raise ValueError(f"no single amount in {text!r}")
    return decimal.Decimal(match[1] + match[2].replace(",", "") + (match[3] or ""))


def _date_key(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        value = value.date()
    if isinstance(value, str):
        if not value.strip():
            return ""
        value = datetime.datetime.fromisoformat(value.strip()).date()
    if not isinstance(value, datetime.date):
        raise ValueError(f"{value!r} is not a date")
    return _DATE.key(value)


def _text_key(value: Any) -> str:
    return "".join(filter(str.isalnum, _TEXT.key(value)))


AMOUNT = Equality("amount", _amount_key)
"""Equality of the numbers: `RM 1,234.50` is 1234.5.

A number, or text with one number in it; a currency's letters and signs, spaces and commas between thousands do not
count. Blank text is missing. Text with two numbers or with a decimal comma is unreadable.
"""

DATE = Equality("date", _date_key)
"""Equality of the days: a date, the day of a datetime, or either as ISO 8601 text. Blank text is missing."""

TEXT = Equality("text", _text_key)
"""Equality of the letters and digits, case folded after NFKC. Text without letters and digits is missing."""

EVALUATORS: Mapping[str, Evaluator] = MappingProxyType(
    {evaluator.name: evaluator for evaluator in (exact(_ANY), AMOUNT, DATE, TEXT)}
)
"""By the name that a suite uses; its `exact` knows no type until the suite is bound to an outcome."""
