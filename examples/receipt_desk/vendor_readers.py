"""Readers that know the vendor: company and address from the register, by numbers and by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from .heading import heading_of
from .layout import Layout
from .reading import Reader, Reading
from .register import VendorRegister, letters_and_digits, likeness, tokens_on

__all__ = ["vendor_readers"]

_NUMBERS = ("tax", "registration", "phone")
_NEARLY = 0.7
_PIECES = re.compile(r"[,.;]+")


def vendor_readers(register: VendorRegister) -> tuple[Reader, ...]:
    """The readers over a register; what is added to it later is known to them too."""

    def vendor_by_number(page: Layout) -> Iterator[Reading]:
        """The vendor whose tax number, registration or telephone stands on the page."""
        yield from _read(
            register, page, {t: w for t, w in tokens_on(page).items() if t.partition(":")[0] in _NUMBERS}, "number"
        )

    def vendor_by_name(page: Layout) -> Iterator[Reading]:
        """The vendor of whom a line of the heading is known."""
        known = list(_read(register, page, {t: w for t, w in tokens_on(page).items() if t.startswith("name:")}, "name"))
        yield from known
        if not known:
            yield from _alike(register, page)

    return (
        Reader("vendor_by_number", ("company", "address"), vendor_by_number, "retrieval"),
        Reader("vendor_by_name", ("company", "address"), vendor_by_name, "retrieval"),
    )


def _read(register: VendorRegister, page: Layout, tokens: dict[str, tuple[int, ...]], what: str) -> Iterator[Reading]:
    votes: dict[str, float] = {}
    best: dict[str, tuple[int, int]] = {}
    for token in tokens:
        company, times, seen = register.company(token)
        if times:
            votes[company] = votes.get(company, 0.0) + times / (seen + 1)
            best[company] = max(best.get(company, (0, 0)), (times, seen))
    if not votes:
        return
    company = max(votes, key=lambda c: (votes[c], c))
    times, seen = best[company]
    words = tuple(dict.fromkeys(i for t, w in tokens.items() if register.company(t)[0] == company for i in w))
    how = "contested" if len(votes) > 1 else "mixed" if times < seen else "once" if seen == 1 else "often"
    yield Reading(
        "company",
        company,
        f"{what}, {how}, {_printed(page, company)}",
        words,
        f"posted {times} times with this {what}",
        company,
    )
    yield from _address(register, page, [t for t in tokens if register.company(t)[0] == company])


def _alike(register: VendorRegister, page: Layout) -> Iterator[Reading]:
    for part in [part for part in heading_of(page) if part.part == "name"][:3]:
        company, likeness = register.alike(part.name)
        if company:
            words = page.lines[part.number].indices
            how = "name, very like" if likeness >= 0.85 else "name, like"
            yield Reading("company", company, how, words, f"like the posted {company!r}", company)
            yield from _address(register, page, [f"name:{letters_and_digits(company)}"])
            return


def _printed(page: Layout, company: str) -> str:
    """Whether the company stands in the heading: as it was posted, with a letter or two changed, or not."""
    own = letters_and_digits(company)
    names = [letters_and_digits(part.name) for part in heading_of(page) if part.part == "name"]
    if own in "".join(names):
        return "printed"
    joined = [a + b for a, b in pairwise(names)]
    return "nearly printed" if any(likeness(own, name) >= _NEARLY for name in names + joined) else "not printed"


def _address(register: VendorRegister, page: Layout, tokens: list[str]) -> Iterator[Reading]:
    """Of the addresses posted with these tokens, the one of which most stands on the page."""
    lines = {
        letters_and_digits(page.lines[part.number].text): page.lines[part.number].indices for part in heading_of(page)
    }
    text = "".join(lines)
    scored = []
    for address, votes in register.addresses(tokens):
        pieces = [letters_and_digits(piece) for piece in _PIECES.split(address)]
        total = sum(map(len, pieces)) or 1
        there = sum(len(piece) for piece in pieces if piece in text)
        whole = letters_and_digits(address)
        lacking = sum(1 for line in lines if len(line) > 3 and line not in whole)
        scored.append((there / total - 0.05 * lacking, votes, there / total, address))
    if not scored:
        return
    ranked = sorted(scored, key=lambda s: (-s[0], -s[1], s[3]))
    _, _, share, address = ranked[0]
    clear = len(ranked) == 1 or ranked[0][0] > ranked[1][0]
    words = tuple(
        i for line, indices in lines.items() if len(line) > 1 and line in letters_and_digits(address) for i in indices
    )
    level = "most" if share >= 0.6 else "some" if share >= 0.3 else "little"
    how = f"{level} on the page, {'alone' if len(ranked) == 1 else 'clearly' if clear else 'tied'}"
    yield Reading("address", address, how, words, "posted before with this vendor", address)
