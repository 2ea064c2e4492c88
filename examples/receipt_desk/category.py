"""Category: the account that a receipt belongs to, reasoned from the company and the words of the page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from quorate.agents import agent
from quorate.contracts import Claim, Items

from .outcome import Category

__all__ = ["category_by_keywords"]

_WORDS: dict[Category, str] = {
    "meals": (
        r"RESTAURANT|RESTORAN|CAFE|KAFE|BISTRO|KOPITIAM|KOPI\b|PIZZA|BURGER|SUSHI|CHICKEN|NASI|MEE\b|ROTI|TEH\b|TEA\b|COFFEE|FOOD|"
        r"KITCHEN|DINE IN|TAKE ?AWAY|TAKE ?OUT|EAT IN|PAX|WAITER|TABLE|BAKERY|CAKE|BUN\b|NOODLE|RICE|BEER|JUICE|SEAFOOD"
    ),
    "groceries": (
        r"GROCER|SUPERMARKET|HYPERMARKET|\w*MART\b|MARKET|PASARAYA|PASAR MINI|CASH & CARRY|MILK|SUGAR|DETERGENT|SERBUK|"
        r"SAUCE|SOS\b|MINYAK|TEPUNG|NOODLES|VEGE|FRUIT|BREAD"
    ),
    "fuel": r"PETROL|FUEL|DIESEL|RON ?9[57]|LITRES?\b|PUMP\b|PETRO\w*",
    "travel": r"PARKING|TOLL\b|TAXI|TRAIN|RAIL\b|FLIGHT|AIRLINES?|AIRWAYS|HOTEL|ROOM NIGHT|BOARDING|TICKET|FERRY",
    "office": (
        r"STATIONER\w*|BOOKS?\b|BOOKSTORES?|PAPER\b|PEN\b|ENVELOPE|PRINT|PHOTOCOPY|TONER|CARTRIDGE|INK\b|FILE\b|BINDER|"
        r"STAPLE|COMPUTER|USB\b|THERMAL ROLL|NOTE ?BOOK"
    ),
    "hardware": (
        r"HARDWARE|TOOLS?\b|SCREWS?|BOLT|PAINT|PIPE|TAP\b|BULB|ELECTRICAL|CEMENT|PLYWOOD|PAPAN|HAMMER|DRILL|CABLE|SWITCH|"
        r"GLOVE|D\.?I\.?Y|MACHINERY"
    ),
    "health": (
        r"PHARMAC\w*|FARMASI|CLINIC|KLINIK|HOSPITAL|DENTAL|TABLETS?\b|CAPS\b|VITAMIN|PANADOL|MEDIC|OPTICAL|HEALTH"
    ),
}
_KEYWORDS: dict[Category, re.Pattern[str]] = {
    category: re.compile(rf"\b(?:{words})", re.IGNORECASE) for category, words in _WORDS.items()
}
_NAME_WEIGHT = 4
"""A keyword in the name of the company counts as so many on the page."""
_SEEN_AT_MOST = 3
"""More words of one category than these add nothing."""


@agent(
    reads={"company", "words"},
    writes={"category": Category},
    capability="reasoning",
    version="1.0.0",
    owner="receipt desk",
)
def category_by_keywords(company: str, words: list[str]) -> Iterator[Claim]:
    """The category of which most keywords stand in the company's name and on the page, else `other`."""
    scores: dict[Category, int] = {}
    seen: dict[Category, list[int]] = {}
    for category, pattern in _KEYWORDS.items():
        seen[category] = [index for index, word in enumerate(words) if pattern.search(word)]
        named = len({match.upper() for match in pattern.findall(company)})
        scores[category] = _NAME_WEIGHT * named + min(_SEEN_AT_MOST, len(seen[category]))
    best = max(scores, key=lambda category: scores[category])
    total = sum(scores.values())
    if not total:
        yield Claim("category", "other", 0.6, reason="no keyword of any category")
        return
    confidence = (scores[best] + 1) / (total + 2)
    evidence = (Items("words", tuple(seen[best])),) if seen[best] else ()
    yield Claim("category", best, confidence, evidence, f"{scores[best]} of {total} points by keywords")
