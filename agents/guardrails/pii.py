"""PII: what in a text tells who a person is, by pattern and check digit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from ...contracts import missing_extra
from .hit import Hit, masked

__all__ = ["pii_in"]

EMAIL = re.compile(r"(?<![\w.+-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?!\w)")
_CARD = re.compile(r"(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w-]|[.,]\d)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)")
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")


def pii_in(text: str) -> Iterator[Hit]:
    """Addresses of mail, card numbers, IBANs, US social security numbers and international phone numbers.

    Raises:
        QuorateError: The extra `guardrails` is not installed.
    """
    stdnum, phones = _libraries()
    if "@" in text:
        yield from (Hit("email", match[0], masked(match[0])) for match in EMAIL.finditer(text))
    for kind, pattern, is_valid in (
        ("card", _CARD, stdnum["luhn"].is_valid),
        ("ssn", _SSN, stdnum["ssn"].is_valid),
    ):
        for match in pattern.finditer(text):
            if is_valid(re.sub(r"[ -]", "", match[0])):
                yield Hit(kind, match[0], masked(match[0]))
    for match in _IBAN.finditer(text):
        found = _iban(match[0], stdnum["iban"])
        if found:
            yield Hit("iban", found, masked(found))
    if "+" in text:
        matches = phones.PhoneNumberMatcher(text, None)
        yield from (Hit("phone", match.raw_string, masked(match.raw_string)) for match in matches)


def _iban(text: str, iban: Any) -> str:
    """The longest part from the start that is an IBAN; the pattern may have taken words after it, too."""
    parts = text.split(" ")
    for count in range(len(parts), 0, -1):
        candidate = " ".join(parts[:count])
        if iban.is_valid(candidate, check_country=False):
            return candidate
    return ""


@cache
def _libraries() -> tuple[dict[str, Any], Any]:
    try:
        import phonenumbers
        from stdnum import iban, luhn
        from stdnum.us import ssn
    except ModuleNotFoundError as error:
        raise missing_extra(error.name or "stdnum", "guardrails", "the guardrail `pii`") from error
    return {"iban": iban, "luhn": luhn, "ssn": ssn}, phonenumbers
