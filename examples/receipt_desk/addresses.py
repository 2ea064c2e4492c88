"""Readers of the address: the block below the name, the lines that read as an address, the lines up to the postcode."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .heading import Heading, heading_of
from .layout import Layout
from .reading import Reader, Reading

__all__ = ["ADDRESS_READERS"]

_POSTCODE = re.compile(r"(?<![\d-])\d{5}(?!\d|-)")
_STATE = re.compile(
    r"\b(SELANGOR|JOHOR|KUALA LUMPUR|PERAK|PAHANG|KEDAH|MELAKA|SABAH|SARAWAK|PENANG|PULAU PINANG|NEGERI SEMBILAN|"
    r"TERENGGANU|KELANTAN|PERLIS|PUTRAJAYA|LABUAN|MALAYSIA)\b",
    re.IGNORECASE,
)


def address_block(page: Layout) -> Iterator[Reading]:
    """The first run of lines that read as an address."""
    run: list[Heading] = []
    for line in heading_of(page):
        if line.part == "address":
            run.append(line)
        elif run and line.part in ("contact", "title", "registration", "noise"):
            break
        elif run:
            run.append(line)
    while run and run[-1].part != "address":
        run.pop()
    if run:
        yield _reading(page, run, f"{min(len(run), 4)} lines", "the first lines that read as an address")


def address_to_postcode(page: Layout) -> Iterator[Reading]:
    """The lines from the first of the address to the one with the postcode, and the state's after it."""
    heading = heading_of(page)
    first = next((at for at, line in enumerate(heading) if line.part == "address"), None)
    if first is None:
        return
    texts = [page.lines[line.number].text for line in heading]
    last = next((at for at in range(first, len(heading)) if _POSTCODE.search(texts[at])), None)
    if last is None:
        return
    while last + 1 < len(heading) and heading[last + 1].part == "address" and _STATE.search(texts[last + 1]):
        last += 1
    run = [line for line in heading[first : last + 1] if line.part in ("address", "name")]
    how = "with state" if _STATE.search(_text(page, run)) else "without state"
    yield _reading(page, run, how, "lines up to the postcode")


def address_below_name(page: Layout) -> Iterator[Reading]:
    """The lines between the name with its registration and the first line of contact, tax or title."""
    heading = heading_of(page)
    first = next((at for at, line in enumerate(heading) if line.part == "name"), None)
    if first is None:
        return
    run: list[Heading] = []
    for line in heading[first + 1 :]:
        if line.part in ("contact", "title") or (run and line.part == "registration"):
            break
        if line.part == "address" or (run and line.part == "name"):
            run.append(line)
    if run:
        yield _reading(page, run, "to the tail", "the lines below the name")


def _reading(page: Layout, run: list[Heading], how: str, reason: str) -> Reading:
    words = tuple(i for line in run for i in page.lines[line.number].indices)
    return Reading("address", _text(page, run), how, words, reason)


def _text(page: Layout, run: list[Heading]) -> str:
    return " ".join(page.lines[line.number].text for line in run)


ADDRESS_READERS = tuple(
    Reader(read.__name__, ("address",), read) for read in (address_block, address_to_postcode, address_below_name)
)
