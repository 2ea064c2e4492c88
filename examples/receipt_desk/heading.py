"""Heading: the lines at the top of a receipt, each told apart as name, registration, address or other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from .layout import Layout
from .money import amounts

__all__ = ["LEGAL", "Heading", "Part", "TRADE", "heading_of", "name_in"]

Part = Literal["name", "registration", "address", "contact", "title", "noise"]
"""What a line of the heading is. `title`: TAX INVOICE, RECEIPT and the like. `noise`: stamps, numbers, greetings."""

LEGAL = re.compile(
    r"\bS[DPB]N\W{0,2}\s*B[HN]D\b|\bBHD\b|\bS\s?/\s?B\b|\bSB$|\bPLT\b|\bLLP\b|\bINC\b|\bLTD\b", re.IGNORECASE
)
"""Legal forms of a limited company."""

TRADE = re.compile(
    r"\b(ENTERPRI[SC]ES?|TRADING|COMPANY|CO\b|RESTAURANT|RESTORAN|CAFE|KEDAI|HARDWARE|STATIONER[YS]|PHARMACY|FARMASI|"
    r"\w*MART|MARKET|SUPERMARKET|HYPERMARKET|BAKERY|SHOP|STORES?|SUPPLY|SUPPLIES|STATION|\w*PETROL\w*|BISTRO|KOPITIAM|"
    r"BOOKS?|\w*STORES|PERNIAGAAN|SYARIKAT|PASARAYA|PASAR MINI|GROCER\w*|BOUTIQUE|CENT(RE|ER)|MARKETING|SERVICES?|"
    r"HOUSE|ELECTRICAL|FOODS?|RESOURCES|HOLDINGS?|CLINIC|KLINIK|HOTEL|PARKING|WORKSHOP|MOTORS?|FLORIST|CASH & CARRY)\b",
    re.IGNORECASE,
)
"""Words that names of shops have."""

_REGISTRATION = re.compile(
    r"""[\[(]?\s*
    \b(?:(?:CO|COMPANY|ROC|REG|BRN|NO|NUM)\b[\s.:#-]{0,9}){0,4}
    \b(?:
        (?:[A-Z]{2,3}\d{5,8}|\d{5,9})\s?-?\s?[A-Z]      # 123456-A, JM0123456-A
        |LLP\d+(?:-[A-Z]{3})?
        |(?<=\()\d{4,}-?[A-Z](?=\))
        |\d{12}\s?\(\d{5,7}-[A-Z]\)
    )\b\s*[\])]?""",
    re.IGNORECASE | re.VERBOSE,
)
_LABELLED = re.compile(
    r"\b(CO|COMPANY|ROC|BRN|REG\w*|BUSINESS)\W{0,3}(REG\w*\W{0,3})?NO\b|\bROC\b|\bGST\b|\bSST\b|TAX (REG|ID)",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"\b(INVOICE|RECEIPT|CASH (SALES?|BILL)|CASHIER|BILL NO|DUPLICATE|OFFICIAL|ORDER|COUNTER|TABLE|COPY|DOCUMENT)\b|"
    r"^CASH$|^TAXINVOICE",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"\bTEL\b|\bTEL?\W|PHONE|\bFAX\b|MOBILE|WHATSAPP|\bH/?P\b|E-?MAIL|@\w+\.|WWW|HTTP|\.COM\b|"
    r"^\W*\+?6?0\d[\d\s/()-]{6,}$",
    re.IGNORECASE,
)
_ADDRESS_START = re.compile(
    r"""^\W*(
    NO\s*[.:,]?\s*\w{0,2}\d|NO\.|LO[TP]\b|UNIT\b|PT\s?\d|PTD\b|\d{5}\b
    |\d+[A-Z]?(\s?[-,&/]\s?\d+[A-Z]?)*\b|[A-Z]{1,3}\d*-\w?\d|LG?\d|[GFS]\d
    |LEVEL|GROUND\ FL|\d+(ST|ND|RD|TH)\ FL|BLOCK\b|BLK\b|SUITE|WISMA|MENARA|BANGUNAN|PLAZA|PUSAT
    |JALAN|JLN|JL\.?\b|PERSIARAN|LEBUH|LORONG|OFF\b|KM\b|BATU\b|HQ\b
    |SEK(SYEN|TION)?\b|SECTION|KAWASAN|MUKIM|KAMPUNG|KG\b|BANDAR|TAMAN|TMN
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ADDRESS_IN = re.compile(
    r"\b(JALAN|JLN|LORONG|PERSIARAN|LEBUH|SEKSYEN|KAWASAN|PERINDUSTRIAN|\d{5}\s+[A-Z]{3,}|"
    r"SELANGOR|JOHOR|KUALA LUMPUR|PETALING|SHAH ALAM|PERAK|PAHANG|KEDAH|MELAKA|SABAH|SARAWAK|PENANG|PULAU PINANG|"
    r"NEGERI SEMBILAN|TERENGGANU|KELANTAN|PERLIS|MALAYSIA)\b",
    re.IGNORECASE,
)
_STREET_NUMBER = re.compile(r"^\W*(NO\s*[.:]?\s*)?\d+\s?[A-Z]?(\s?[-,&/.]\s?\d+\s?[A-Z]?)*\W*$", re.IGNORECASE)
_NOISE = re.compile(
    r"WELCOME|THANK|PLEASE|\bVISIT|POSTED|GOODS|RETURN|REFUND|FORMERLY|LICEN[SC]EE|REPRINT|OPENING|HOURS|"
    r"\bFKA\b|SHOPPING|DELIVER|\bDATE\b|\bTIME\b|\d\d:\d\d|CUSTOMER|\bSITE\b|OUTLET|\bQTY\b|PRICE|AMOUNT|\bCHECK\b",
    re.IGNORECASE,
)
_OWNER = re.compile(r"^\W*(OWN(ED|ER)?|MANAGED|OPERATED)\s+BY\s*[:.]?\s*", re.IGNORECASE)
_NUMBERED = re.compile(r"^\W*\d{4,}\s+")
_LINES = 16
_LETTERS = 200
"""Letters of a line that are looked at."""


@dataclass(frozen=True, slots=True)
class Heading:
    """One line of the heading."""

    number: int
    """Number of the line on the page."""
    part: Part
    """What it is."""
    name: str
    """The name in it, without registration number; empty if there is none."""
    registered: bool
    """Whether a registration number stands in it."""
    owner: bool
    """Whether the line, or the one above, says that this is the owner of the shop."""


def name_in(text: str) -> tuple[str, bool]:
    """The name in a line up to a registration number, and whether there was such a number."""
    match = _REGISTRATION.search(text)
    registered = match is not None
    name = text[: match.start()] if match else text
    name = _NUMBERED.sub("", _OWNER.sub("", name)).strip(" \t-:,;*#=~|_[")
    if name.count("(") > name.count(")"):
        name = name.rstrip("( ")
    return name, registered


@lru_cache(maxsize=32)
def heading_of(page: Layout) -> tuple[Heading, ...]:
    """The heading of a page: at most 16 lines.

    It ends at the first amount below a name, and at the first title below a name and an address.
    """
    found: list[Heading] = []
    parts: set[Part] = set()
    owner = False
    for number, line in enumerate(page.lines):
        text = line.text[:_LETTERS]
        name, registered = name_in(text)
        part = _part(text, name, registered)
        ends = "name" in parts and (amounts(text) or (part == "title" and "address" in parts))
        if ends or len(found) == _LINES:
            break
        parts.add(part)
        owner = bool(_OWNER.match(text)) or owner
        found.append(Heading(number, part, name if part == "name" else "", registered, owner and part == "name"))
        owner = owner and part != "name"
    return tuple(found)


def _part(text: str, name: str, registered: bool) -> Part:
    letters = sum(c.isalpha() for c in name)
    if _OWNER.match(text) and letters < 3:
        return "noise"
    if LEGAL.search(name) and letters >= 3:
        return "name"
    if _LABELLED.search(text) or (registered and letters < 3):
        return "registration"
    if _CONTACT.search(text):
        return "contact"
    if _TITLE.search(text):
        return "title"
    if _STREET_NUMBER.match(text) and len(text.strip()) <= 16:
        return "address" if re.search(r"NO|[-&]", text, re.IGNORECASE) or len(text.strip()) <= 3 else "noise"
    if letters < 3 or _NOISE.search(text) or amounts(text):
        return "noise"
    if _ADDRESS_START.match(text) and not (TRADE.search(text) and not _ADDRESS_IN.search(text)):
        return "address"
    if _ADDRESS_IN.search(text) and not TRADE.search(text):
        return "address"
    return "name"
