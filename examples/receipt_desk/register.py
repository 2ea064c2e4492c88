"""Vendor register: the companies and addresses that were posted before, by what identifies them on a page."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .heading import heading_of
from .layout import Layout, layout_of
from .page import ReceiptPage

__all__ = ["Vendor", "VendorRegister", "letters_and_digits", "likeness", "tokens_on", "vendor_of"]

_TAX = re.compile(r"(?<!\d)0\d{3}\s?\d{4}\s?\d{4}(?!\d)")
_REGISTRATION = re.compile(
    r"(?<![A-Z\d])(?:[A-Z]{2})?(\d{5,9})\s?-\s?[A-Z](?![A-Z\d])|\((\d{4,9})\s?-?\s?[A-Z]\)", re.IGNORECASE
)
_PHONE = re.compile(r"(?<!\d)(?:\+?6)?0\d{1,2}[\s-]{0,3}\d{3,4}\s?-?\s?\d{4}(?!\d)")
_POSTCODE = re.compile(r"(?<![\d-])\d{5}(?!\d|-)")
_NAMES = 4
_ALIKE = 0.7


@dataclass(frozen=True, slots=True)
class Vendor:
    """A company and address that were posted, with what identified them on the page."""

    company: str
    """The company as posted."""
    address: str
    """The address as posted; may be empty."""
    tokens: tuple[str, ...]
    """`tax:`, `registration:`, `phone:`, `postcode:` and `name:` tokens of the page, as `tokens_on` gives them."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Vendor:
        """The vendor that a row of a ledger table holds: `company`, `address` and the page's `tokens` (a list)."""
        return cls(str(row["company"]), str(row.get("address") or ""), tuple(row.get("tokens") or ()))


@lru_cache(maxsize=4096)
def letters_and_digits(text: str) -> str:
    """The letters and digits of a text, case folded."""
    return "".join(c for c in text.casefold() if c.isalnum())


@lru_cache(maxsize=32)
def tokens_on(page: Layout) -> Mapping[str, tuple[int, ...]]:
    """What identifies the vendor on a page: tokens, each with the words that it was seen in."""
    found: dict[str, tuple[int, ...]] = {}
    for index, word in enumerate(page.words):
        for match in _TAX.finditer(word):
            found.setdefault("tax:" + _digits(match[0]), (index,))
        for match in _REGISTRATION.finditer(word):
            found.setdefault("registration:" + (match[1] or match[2]).lstrip("0"), (index,))
        for match in _PHONE.finditer(word):
            found.setdefault("phone:" + _digits(match[0]).removeprefix("6"), (index,))
    names = 0
    for part in heading_of(page):
        line = page.lines[part.number]
        if part.part == "address":
            for code in _POSTCODE.findall(line.text):
                found.setdefault(f"postcode:{code}", line.indices)
        name = letters_and_digits(part.name)
        if len(name) >= 4 and names < _NAMES:
            names += 1
            found.setdefault(f"name:{name}", line.indices)
    return found


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def likeness(one: str, other: str) -> float:
    """How like two texts of letters and digits are, in [0, 1]: the Dice coefficient of their triples of letters."""
    a, b = _trigrams(one), _trigrams(other)
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0


@lru_cache(maxsize=4096)
def _trigrams(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 3] for i in range(len(text) - 2))


def vendor_of(page: ReceiptPage, posted: Mapping[str, Any]) -> Vendor:
    """The entry of the register for a page of which this `company` and `address` were posted."""
    tokens = tokens_on(layout_of(page.words, page.boxes))
    return Vendor(str(posted["company"]), str(posted.get("address") or ""), tuple(tokens))


class VendorRegister:
    """The vendors of what was posted before.

    Args:
        entries: What was posted, oldest first.
    """

    def __init__(self, entries: Iterable[Vendor] = ()) -> None:
        self._companies: dict[str, Counter[str]] = defaultdict(Counter)
        self._by_token: dict[str, Counter[str]] = defaultdict(Counter)
        self._addresses: dict[str, Counter[str]] = defaultdict(Counter)
        self._address_by_token: dict[str, Counter[str]] = defaultdict(Counter)
        self._by_trigram: dict[str, set[str]] = defaultdict(set)
        self.entries = 0
        for entry in entries:
            self.add(entry)

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> VendorRegister:
        """The register that the rows of a ledger table hold; see `Vendor.from_row`."""
        return cls(Vendor.from_row(row) for row in rows if row.get("company"))

    def learn(self, pages: Iterable[ReceiptPage], posted: Iterable[Mapping[str, Any]]) -> None:
        """Add what was posted (`company`, `address`) of each page, in the same order.

        Raises:
            ValueError: There are more of the one than of the other.
        """
        for page, values in zip(pages, posted, strict=True):
            if values.get("company"):
                self.add(vendor_of(page, values))

    def add(self, entry: Vendor) -> None:
        """Add one vendor, once more if it is known already."""
        self.entries += 1
        company = letters_and_digits(entry.company)
        self._companies[company][entry.company] += 1
        for trigram in _trigrams(company):
            self._by_trigram[trigram].add(company)
        address = letters_and_digits(entry.address)
        if address:
            self._addresses[address][entry.address] += 1
        for token in {*entry.tokens, f"name:{company}"}:
            self._by_token[token][company] += 1
            if address:
                self._address_by_token[token][address] += 1

    def company(self, token: str) -> tuple[str, int, int]:
        """The company that a token stood for most often, how often, and how often the token was seen at all."""
        return _leader(self._by_token.get(token), self._companies)

    def addresses(self, tokens: Sequence[str]) -> list[tuple[str, int]]:
        """The addresses that were posted with any of the tokens, with the number of tokens that speak for each."""
        counts: Counter[str] = Counter()
        for token in tokens:
            for address in self._address_by_token.get(token, ()):
                counts[address] += 1
        best = sorted(counts, key=lambda a: (-counts[a], -self._addresses[a].total(), a))
        return [(self._addresses[a].most_common(1)[0][0], counts[a]) for a in best]

    def alike(self, name: str) -> tuple[str, float]:
        """The known company whose name is most like another, and how like it is in [0, 1] (Dice of letter triples)."""
        own = _trigrams(letters_and_digits(name))
        shared: Counter[str] = Counter(company for t in own for company in self._by_trigram.get(t, ()))
        scored = [(2 * n / (len(own) + len(_trigrams(c))), c) for c, n in shared.most_common(5)]
        likeness, company = max(scored, default=(0.0, ""))
        return (self._companies[company].most_common(1)[0][0], likeness) if likeness >= _ALIKE else ("", 0.0)


def _leader(counts: Counter[str] | None, forms: Mapping[str, Counter[str]]) -> tuple[str, int, int]:
    if not counts:
        return "", 0, 0
    best = min(counts, key=lambda c: (-counts[c], c))
    return forms[best].most_common(1)[0][0], counts[best], counts.total()
