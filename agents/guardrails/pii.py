"""PII: what in a text tells who a person is, by pattern and check digit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from string import ascii_uppercase
from typing import Any

from ...contracts import missing_extra
from .hit import Hit, masked

__all__ = ["pii_in"]

EMAIL = re.compile(r"(?<![\w.+-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?!\w)")
_NUMBERS = re.compile(r"(?<![\w.,-])\d+(?:[ -]\d+)*(?![\w-]|[.,]\d)")
_CARD = range(13, 20)
"""How many digits the number of a card has."""
_GROUP = re.compile(r"\d+")
_TWICE = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_SHORTEST = 15
"""Characters of the shortest IBAN."""
_NUMERALS = {ord(letter): str(10 + place) for place, letter in enumerate(ascii_uppercase)}
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)")
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")


def pii_in(text: str) -> Iterator[Hit]:
    """Addresses of mail, card numbers, IBANs, US social security numbers and international phone numbers.

    Raises:
        QuorateError: The extra `guardrails` is not installed.
    """
    ssn, phones = _libraries()
    if "@" in text:
        yield from (Hit("email", match[0], masked(match[0])) for match in EMAIL.finditer(text))
    for match in _NUMBERS.finditer(text):
        yield from (Hit("card", card, masked(card)) for card in _cards(match[0]))
    for match in _SSN.finditer(text):
        if ssn.is_valid(match[0]):
            yield Hit("ssn", match[0], masked(match[0]))
    start = 0
    while (candidate := _IBAN.search(text, start)) is not None:
        found = _iban(candidate[0])
        if found:
            yield Hit("iban", found, masked(found))
        start = candidate.start() + (len(found) or 4)
    if "+" in text:
        matches = phones.PhoneNumberMatcher(text, None, max_tries=len(text))  # by default it gives up after 65,535
        yield from (Hit("phone", match.raw_string, masked(match.raw_string)) for match in matches)


def _cards(numbers: str) -> Iterator[str]:
    """The numbers of cards among numbers with spaces or hyphens between them: another number may stand beside one.

    By Luhn's check: from the right every second digit counts twice, less 9 where that is more than 9; the sum is a
    multiple of 10.
    """
    groups = [each.span() for each in _GROUP.finditer(numbers)]
    ends = [0, *accumulate(end - start for start, end in groups)]  # how many digits there are up to each group
    if ends[-1] < _CARD.start:
        return
    digits = [*map(int, "".join(numbers[start:end] for start, end in groups))]
    sums = [  # up to each digit, with those at even places doubled, and with those at odd ones
        [0, *accumulate(_TWICE[digit] if place % 2 == odd else digit for place, digit in enumerate(digits))]
        for odd in (0, 1)
    ]
    first = 0
    while first < len(groups):
        last = first + 1
        while last <= len(groups) and (size := ends[last] - ends[first]) < _CARD.stop:
            doubled = sums[ends[last] % 2]
            holds = size in _CARD and (doubled[ends[last]] - doubled[ends[first]]) % 10 == 0
            if holds and _is_grouped([end - start for start, end in groups[first:last]]):
                yield numbers[groups[first][0] : groups[last - 1][1]]
                first = last - 1
                break
            last += 1
        first += 1


def _is_grouped(sizes: Sequence[int]) -> bool:
    """Whether digits in groups of these sizes may be one number: all alike but the last, or as on some cards."""
    *others, last = sizes
    return (len({*others}) <= 1 and last <= (others or sizes)[0]) or tuple(sizes) in ((4, 6, 4), (4, 6, 5))


def _iban(text: str) -> str:
    """The longest part from the start that is an IBAN; the pattern may have taken words after it, too."""
    parts = text.split(" ")
    for count in range(len(parts), 0, -1):
        plain = "".join(parts[:count])
        if len(plain) < _SHORTEST:
            return ""
        if int(f"{plain[4:]}{plain[:4]}".translate(_NUMERALS)) % 97 == 1:
            return " ".join(parts[:count])
    return ""


@cache
def _libraries() -> tuple[Any, Any]:
    try:
        import phonenumbers
        from stdnum.us import ssn
    except ModuleNotFoundError as error:
        raise missing_extra(error.name or "stdnum", "guardrails", "the guardrail `pii`") from error
    return ssn, phonenumbers
