"""Readers of the company: by legal form, by place, by size, by what stands below."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from .heading import LEGAL, TRADE, Heading, heading_of
from .layout import Layout
from .reading import Reader, Reading

__all__ = ["COMPANY_READERS"]

_SPLIT = re.compile(r"[^\w()&']+")
_REST = re.compile(r"^\W*(S[DPB]N\b|BHD\b|ENTERPRISE|TRADING|CO\b|COMPANY\b|&)|^\(", re.IGNORECASE)
"""How the second line of a name begins."""
_SMALL = 0.7
"""Lines of one name have letters of like size: the smaller at least this part of the larger."""


def company_with_legal_form(page: Layout) -> Iterator[Reading]:
    """The first line with a legal form, with the lines above that it continues."""
    for at, line in enumerate(heading_of(page)):
        if line.part == "name" and LEGAL.search(line.name):
            yield _reading(page, at, "owner" if line.owner else "legal form", "has a legal form")
            return


def company_with_trade_word(page: Layout) -> Iterator[Reading]:
    """The first line with a word such as trading, restaurant or hardware, with the lines above that it continues."""
    for at, line in enumerate(heading_of(page)):
        if line.part == "name" and TRADE.search(line.name):
            legal = "legal form" if LEGAL.search(line.name) else "trade word"
            yield _reading(page, at, legal, "has a word of trade")
            return


def company_on_top(page: Layout) -> Iterator[Reading]:
    """The first line that reads as a name."""
    heading = heading_of(page)
    at = next((at for at, line in enumerate(heading) if line.part == "name"), None)
    if at is not None:
        below = heading[at + 1].part if at + 1 < len(heading) else "noise"
        how = f"{_form(heading[at].name)}, {below} below"
        yield Reading(
            "company", heading[at].name, how, page.lines[heading[at].number].indices, "first name on the page"
        )


def company_in_large_letters(page: Layout) -> Iterator[Reading]:
    """The line of the heading with the largest letters."""
    names = [line for line in heading_of(page) if line.part == "name"][:5]
    if not names:
        return
    tallest = max(names, key=lambda line: page.lines[line.number].height)
    others = [page.lines[line.number].height for line in names if line is not tallest]
    clearly = not others or page.lines[tallest.number].height > 1.15 * max(others)
    how = f"{_form(tallest.name)}, {'clearly' if clearly else 'hardly'} larger"
    yield Reading("company", tallest.name, how, page.lines[tallest.number].indices, "largest letters of the heading")


def company_above_registration(page: Layout) -> Iterator[Reading]:
    """The name that a registration number stands beside or below."""
    heading = heading_of(page)
    for at, line in enumerate(heading):
        if line.part == "name" and line.registered:
            yield _reading(page, at, "beside", "a registration number stands beside it")
            return
        if line.part == "registration" and at and heading[at - 1].part == "name":
            kind = "number below" if line.registered else "tax number below"
            yield _reading(page, at - 1, kind, "a registration number stands below it")
            return


def company_above_address(page: Layout) -> Iterator[Reading]:
    """The name that the address stands below, with at most numbers between."""
    heading = heading_of(page)
    first = next((at for at, line in enumerate(heading) if line.part == "address"), None)
    if first is None:
        return
    for at in range(first - 1, -1, -1):
        if heading[at].part == "name":
            yield _reading(page, at, "directly" if at == first - 1 else "further", "the address stands below it")
            return


def company_in_all_lines(page: Layout) -> Iterator[Reading]:
    """All name lines that follow each other from the first on, where there are two or more."""
    heading = heading_of(page)
    first = next((at for at, line in enumerate(heading) if line.part == "name"), None)
    if first is None:
        return
    lines = [heading[first]]
    for line in heading[first + 1 :]:
        if line.part != "name" or lines[-1].registered or len(lines) == 3:
            break
        lines.append(line)
    if len(lines) > 1:
        name = " ".join(line.name for line in lines)
        words = tuple(i for line in lines for i in page.lines[line.number].indices)
        alike = all(_alike(page, a, b) for a, b in pairwise(lines))
        how = f"{len(lines)} lines, {_form(name)}, {'one size' if alike else 'several sizes'}"
        yield Reading("company", name, how, words, f"the first {len(lines)} lines of the heading")


def _reading(page: Layout, at: int, how: str, why: str) -> Reading:
    """The name on a line, joined with the lines above of which it is the rest."""
    heading = heading_of(page)
    lines = [heading[at]]
    while at and len(lines) < 4 and _continues(heading, page, at, lines[0].name, " ".join(line.name for line in lines)):
        at -= 1
        lines.insert(0, heading[at])
    name = " ".join(line.name for line in lines)
    words = tuple(i for line in lines for i in page.lines[line.number].indices)
    form = f"{how}, {_form(name)}" if how not in _form(name) else how
    return Reading("company", name, f"{form}{', joined' if len(lines) > 1 else ''}", words, why)


def _continues(heading: tuple[Heading, ...], page: Layout, at: int, line: str, name: str) -> bool:
    above = heading[at - 1]
    if above.part != "name" or above.registered or LEGAL.search(above.name):
        return False
    if name.count(")") > name.count("(") or _REST.match(line) or above.name.endswith(("&", "-")):
        return True
    own = [word for word in _SPLIT.split(LEGAL.sub(" ", TRADE.sub(" ", line))) if len(word.strip("()&'")) > 1]
    return not own and _alike(page, above, heading[at])


def _alike(page: Layout, a: Heading, b: Heading) -> bool:
    small, large = sorted((page.lines[a.number].height, page.lines[b.number].height))
    return small >= _SMALL * large


def _form(name: str) -> str:
    return "legal form" if LEGAL.search(name) else "trade word" if TRADE.search(name) else "bare"


COMPANY_READERS = tuple(
    Reader(read.__name__, ("company",), read)
    for read in (
        company_with_legal_form,
        company_with_trade_word,
        company_on_top,
        company_in_large_letters,
        company_above_registration,
        company_above_address,
        company_in_all_lines,
    )
)
