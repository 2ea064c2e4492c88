"""Readers of the date: by label, beside the time, by order and repetition, inside serial numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from .dates import dates_in
from .layout import Layout
from .reading import Reader, Reading

__all__ = ["DATE_READERS"]

_LABEL = re.compile(r"\bDATE\b|\bTARIKH\b|\bDT\b|DATE\s*[:/]", re.IGNORECASE)
_NOT_ISSUE = re.compile(
    r"EXP|DUE|VALID|PRINT|MEMBER|RETURN|UNTIL|BEFORE|SINCE|GST ACT|DELIVER|ORDER DATE|\bDD\b", re.IGNORECASE
)
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-3])\s?[:;.]\s?[0-5]\d(\s?[:;.]\s?[0-5]\d)?\s?([AP]\.?M)?", re.IGNORECASE)
_SEVERAL = 3
"""The most dates that one reader claims."""
_NEAR = 8
"""Words to the left and right of a date that are looked at."""
_SERIAL = re.compile(r"[A-Z\d][A-Z\d/-]{9,}", re.IGNORECASE)
_IN_SERIAL = re.compile(r"(?=(20[1-3]\d)([01]\d)([0-3]\d))")


@dataclass(frozen=True, slots=True)
class _Seen:
    value: date
    form: str
    word: int
    line: int
    before: str
    after: str


@lru_cache(maxsize=32)
def _dates_on(page: Layout) -> tuple[_Seen, ...]:
    """Every date on a page in reading order, with the text before and after it on its line."""
    found: list[_Seen] = []
    for number, line in enumerate(page.lines):
        for at, index in enumerate(line.indices):
            word = page.words[index]
            for one in dates_in(word):
                left = " ".join(page.words[i] for i in line.indices[max(0, at - _NEAR) : at])
                right = " ".join(page.words[i] for i in line.indices[at + 1 : at + 1 + _NEAR])
                before = f"{left} {word[: one.start]}".strip()
                found.append(_Seen(one.value, one.how, index, number, before, f"{word[one.end :]} {right}"))
    return tuple(found)


def date_after_label(page: Layout) -> Iterator[Reading]:
    """The date after a label that says date, on its line or above it."""
    seen = [(_label(page, s), s) for s in _dates_on(page)]
    labelled = [(label, s) for label, s in seen if _LABEL.search(label)]
    good = [(label, s) for label, s in labelled if not _NOT_ISSUE.search(label)]
    for how, some in (("date", good), ("other date", labelled)):
        if some:
            first = {s.value: (label, s) for label, s in reversed(some)}
            alone = "alone" if len(first) == 1 else "among others"
            for value, (label, best) in list(first.items())[: -_SEVERAL - 1 : -1]:
                yield Reading("date", value, f"{how}, {alone}", (best.word,), f"after the label {label[-24:]!r}")
            return


def _label(page: Layout, seen: _Seen) -> str:
    if seen.before or not seen.line:
        return seen.before
    left, _, right, _ = page.boxes[seen.word]
    above = page.lines[seen.line - 1].indices
    return " ".join(page.words[i] for i in above if page.boxes[i][0] < right and page.boxes[i][2] > left)


def date_beside_time(page: Layout) -> Iterator[Reading]:
    """The first date that has a time of day on its line."""
    for seen in _dates_on(page):
        if _TIME.search(seen.after):
            yield Reading("date", seen.value, "before the time", (seen.word,), "stands before a time of day")
            return
        if _TIME.search(seen.before):
            yield Reading("date", seen.value, "after the time", (seen.word,), "stands after a time of day")
            return


def date_first_printed(page: Layout) -> Iterator[Reading]:
    """The first date on the page that no label makes another date, such as a date of expiry."""
    seen = _dates_on(page)
    good = [s for s in seen if not _NOT_ISSUE.search(_label(page, s))] or list(seen)
    if good:
        first = good[0]
        how = first.form if len({s.value for s in good}) == 1 else "first of several"
        yield Reading("date", first.value, how, (first.word,), f"first date on the page, as {first.form}")


def date_most_printed(page: Layout) -> Iterator[Reading]:
    """The date that is printed most often; several, where they are printed as often."""
    counts = Counter(s.value for s in _dates_on(page))
    most = max(counts.values(), default=0)
    leaders = [value for value, times in counts.items() if times == most]
    for value in leaders[:_SEVERAL]:
        words = tuple(dict.fromkeys(s.word for s in _dates_on(page) if s.value == value))
        how = f"{min(most, 3)} of one date" if len(counts) == 1 else "as often" if len(leaders) > 1 else "most often"
        yield Reading("date", value, how, words, f"printed {most} times")


def date_in_serial(page: Layout) -> Iterator[Reading]:
    """The date that a serial number holds as yyyymmdd."""
    for index, word in enumerate(page.words):
        for serial in _SERIAL.findall(word):
            for year, month, day in _IN_SERIAL.findall(serial):
                try:
                    value = date(int(year), int(month), int(day))
                except ValueError:
                    continue
                yield Reading("date", value, "yyyymmdd", (index,), f"inside the number {serial[:24]}")
                return


DATE_READERS = tuple(
    Reader(read.__name__, ("date",), read)
    for read in (date_after_label, date_beside_time, date_first_printed, date_most_printed, date_in_serial)
)
