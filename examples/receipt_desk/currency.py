"""Currency: the reader of currency codes and signs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from quorate.agents import agent
from quorate.contracts import Claim, Items

__all__ = ["currency_by_sign"]

_SIGNS = {
    "MYR": re.compile(r"(?<![A-Z])(?:RM|MYR)(?![A-Z])"),
    "USD": re.compile(r"(?<![A-Z])(?:USD|US\$)(?![A-Z])"),
    "SGD": re.compile(r"(?<![A-Z])(?:SGD|S\$)(?![A-Z])"),
    "EUR": re.compile(r"(?<![A-Z])EUR(?![A-Z])|\u20ac"),
    "GBP": re.compile(r"(?<![A-Z])GBP(?![A-Z])|\u00a3"),
    "AUD": re.compile(r"(?<![A-Z])(?:AUD|A\$)(?![A-Z])"),
    "THB": re.compile(r"(?<![A-Z])THB(?![A-Z])|\u0e3f"),
    "IDR": re.compile(r"(?<![A-Z])IDR(?![A-Z])"),
    "JPY": re.compile(r"(?<![A-Z])JPY(?![A-Z])|\u00a5"),
}
_SURE, _TORN = 0.95, 0.5


@agent(
    reads={"words"},
    writes={"currency": str},
    capability="extraction",
    version="1.0.0",
    owner="receipt desk",
)
def currency_by_sign(words: list[str]) -> Iterator[Claim]:
    """Each currency whose code or sign stands on the page; a bare `$` says nothing, and two currencies are in doubt."""
    seen: dict[str, list[int]] = defaultdict(list)
    for index, word in enumerate(words):
        for code, sign in _SIGNS.items():
            if sign.search(word.upper()):
                seen[code].append(index)
    for code, indices in seen.items():
        confidence = _SURE if len(seen) == 1 else _TORN
        yield Claim("currency", code, confidence, (Items("words", tuple(indices)),), "its code or sign is printed")
