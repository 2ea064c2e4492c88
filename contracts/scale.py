"""Scale: where a value stands on a line, for types whose values lie on one."""

from __future__ import annotations

import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

__all__ = ["place_of"]

_MICROSECOND = datetime.timedelta(microseconds=1)


def place_of(value: Any) -> Decimal | None:
    """Where a typed value stands on the line of its type, exactly; None where it has no place.

    Numbers, and texts that are written as one: the number. Dates: days. Dates with a time, times of day and durations:
    seconds; an aware date with a time in UTC, one without a zone, and a time of day, as it stands. What is no finite
    number, true and false, and all else have no place.
    """
    match value:
        case Enum():
            return place_of(value.value)
        case bool():
            return None
        case int():
            return Decimal(value)
        case float() | Decimal() | str():
            return _number(str(value))
        case datetime.datetime():
            zone = datetime.UTC if value.tzinfo else None
            return place_of(value - datetime.datetime(1970, 1, 1, tzinfo=zone))
        case datetime.date():
            return Decimal(value.toordinal())
        case datetime.time():
            hours = datetime.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
            return place_of(hours + datetime.timedelta(microseconds=value.microsecond))
        case datetime.timedelta():
            return Decimal(value // _MICROSECOND).scaleb(-6)
        case _:
            return None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
