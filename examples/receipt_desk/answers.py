"""Answers: the right values of a labelled receipt, parsed from its strings, to learn from or to measure by."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

from .dates import dates_in
from .register import letters_and_digits

__all__ = ["ANSWER_FIELDS", "Answers", "answers_of", "same"]

ANSWER_FIELDS = ("company", "date", "total", "address")
"""The fields that labelled receipts have."""

Answers = Mapping[str, "str | Decimal | datetime.date"]
"""The right values by field; a field that nobody labelled is missing."""

_NOT_AMOUNT = re.compile(r"[^\d.-]")


def answers_of(gold: Mapping[str, Any]) -> dict[str, str | Decimal | datetime.date]:
    """The typed values of labels such as `{"total": "RM 1,200.50", "date": "02 APR 2018"}`.

    A label that is missing or cannot be parsed is left out.
    """
    found: dict[str, str | Decimal | datetime.date] = {}
    for field in ("company", "address"):
        if letters_and_digits(str(gold.get(field) or "")):
            found[field] = str(gold[field])
    dates = dates_in(str(gold.get("date") or ""))
    if dates:
        found["date"] = dates[0].value
    with suppress(InvalidOperation):
        found["total"] = Decimal(_NOT_AMOUNT.sub("", str(gold.get("total") or "")))
    return found


def same(one: object, other: object) -> bool:
    """Whether two values of a field are the same: text by its letters and digits, other types as they are."""
    if isinstance(one, str) and isinstance(other, str):
        return letters_and_digits(one) == letters_and_digits(other)
    return one == other
