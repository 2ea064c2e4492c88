"""Dates: the calendar dates that a text holds, in the forms that receipts print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

__all__ = ["Dated", "dates_in"]

_YEARS = range(2000, 2040)
"""Years that a receipt may be of."""

_ENGLISH = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MALAY = {"MAC": 3, "MEI": 5, "OGO": 8, "OKT": 10, "DIS": 12}
_MONTHS = {**{name: number for number, name in enumerate(_ENGLISH, 1)}, **_MALAY}
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[A-Z]*"
_YEAR = r"(?P<y>20\d\d|\d\d(?!\d|:))"
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (how, re.compile(pattern))
    for how, pattern in (
        ("y-m-d", r"(?<!\d)(?P<y>20\d\d)\s?(?P<s>[-/.])\s?(?P<m>\d{1,2})\s?(?P=s)\s?(?P<d>\d{1,2})(?!\d)"),
        ("d-m-y", r"(?<!\d)(?<!\d[-/.])(?P<d>\d{1,2})\s?(?P<s>[-/.])\s?(?P<m>\d{1,2})\s?(?P=s)\s?(?P<y>20\d\d)"),
        ("d mon y", rf"(?<!\d)(?P<d>\d{{1,2}})(?:ST|ND|RD|TH)?\s?[-/., ']?\s?{_MONTH}\s?[-/., ']{{0,2}}\s?{_YEAR}"),
        ("mon d y", rf"(?<![A-Z]){_MONTH}\s?[-/. ]?\s?(?P<d>\d{{1,2}})\s?[-/., ']{{1,2}}\s?{_YEAR}"),
        ("d-m-yy", r"(?<!\d)(?<!\d[-/.])(?P<d>\d{1,2})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<y>\d\d)(?![\d]|[-/.]\d)"),
        ("ymd", r"(?<!\d)(?P<y>20\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)(?!\d)"),
    )
)


@dataclass(frozen=True, slots=True)
class Dated:
    """A date in a text."""

    value: date
    """The date."""
    how: str
    """The form that it is written in."""
    start: int
    """Index of its first character."""
    end: int
    """Index after its last character."""


def dates_in(text: str) -> list[Dated]:
    """The dates in a text, in their order. The day comes before the month where both readings are possible."""
    text = text.upper()
    found: list[Dated] = []
    for how, pattern in _FORMS:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            value, form = _value(match, how)
            if value is not None:
                found.append(Dated(value, form, match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)


def _value(match: re.Match[str], how: str) -> tuple[date | None, str]:
    parts = match.groupdict()
    year, day = int(parts["y"]), int(parts["d"])
    month = int(parts["m"]) if parts.get("m") else _MONTHS[parts["month"]]
    value = _date(year, month, day)
    if value is None and how in ("d-m-y", "d-m-yy"):
        return _date(year, day, month), "m-d-y"
    return value, how


def _date(year: int, month: int, day: int) -> date | None:
    year += 2000 if year < 100 else 0
    if year not in _YEARS:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
