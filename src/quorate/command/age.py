"""Age: how old something is, as people write it."""

from __future__ import annotations

import re
from datetime import timedelta

from ..contracts import InputError

__all__ = ["age_of"]

_FORM = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def age_of(text: str, where: str) -> timedelta:
    """The age that a text says: a whole number of seconds, minutes, hours, days or weeks, as `30d`.

    Raises:
        InputError: It says none.
    """
    found = _FORM.fullmatch(text.strip().lower())
    if found is None:
        raise InputError(
            where,
            got=repr(text),
            expected="a whole number and a unit: s, m (minutes), h, d or w",
            fix=f"{where} 30d, say",
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
