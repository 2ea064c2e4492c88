"""Money: the amounts on a page, each with the label that stands before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from .layout import Layout

__all__ = ["Kind", "Money", "amounts", "kind_of", "money_on"]

_AMOUNT = re.compile(
    r"""(?<![\d.,/-])(?<!\d:)    # not inside a number, a date, a time
    (?P<minus>-\s?)?
    (?:(?:RM|MYR|\$)\s?)?
    (?P<inner>-)?
    (?P<whole>\d{1,3}(?:[,]\s?\d{3})+|\d+|(?<![A-Z\d]))
    \s?\.\s?
    (?P<cents>\d{2})
    (?![\d%]|\s?%|\.\d|/\d)""",
    re.VERBOSE | re.IGNORECASE,
)

Kind = Literal[
    "rounded", "final", "incl", "plain", "sub", "excl", "tax", "service", "rounding", "discount",
    "cash", "card", "change", "other", "none",
]  # fmt: skip
"""What a label says about its amount; `none` where there is no label."""

_RULES: tuple[tuple[Kind, str], ...] = (
    ("change", r"\bCHANGE\b|\bCHG\b|\bBAKI\b"),
    ("rounded", r"T[O0A]TAL .*[RT]OUND|[RT]OUND\w* ?D? T[O0A]TAL|A[FT]TER (ADJ|ROUND|RND)|TTL ATF RND"),
    ("final", r"\b(NETT?|GRAND|FINAL|BILL) T[O0A]TAL\b"),
    ("rounding", r"[RT]OUND|\bADJ(USTMENT)?\b|\bRND\b|PELARASAN"),
    ("other", r"SAVING|SAVED|POINT|\bQTY\b|QUANTITY|\bCOUNT\b|BALANCE [AB]|DEPOSIT|LOADING|\bPAX\b|\bU ?PRICE\b"),
    ("discount", r"\bDISC|REBATE|VOUCHER|COUPON|LESS\b"),
    ("service", r"SERVICE (CHARGE|CHG)|\bSVC|SERV CH"),
    ("excl", r"EXC|BEFORE (GST|TAX)|NETT? OF TAX|TAXABLE|W ?O GST|WITHOUT GST"),
    ("tax", r"INCLUDE[SD] (IN|GST|TAX)|(GST|TAX) INCLUDED|T[O0A]TAL (GST|TAX|SST)( I| L| AMT)?$|SUPPLIES|INCLUDES"),
    ("tax", r"(GST|TAX|SST) (PAYABLE|AMT|AMOUNT|T[O0A]TAL)"),
    ("sub", r"SUB ?T[O0A]TAL|\bSTTL\b|\bITEMS? S? ?T[O0A]TAL"),
    ("final", r"PAYABLE|\bDUE\b|TO (BE )?PA[IY]D?\b|\bNETT?( AMT| AMOUNT)?$"),
    ("incl", r"(T[O0A]TAL|TTL|AMOUNT|AMT|SALES).*(INC|WITH GST)"),
    ("plain", r"T[O0A]TA[L1I]|\bTTL\b|\bJUMLAH\b|\bT[O0]TL\b"),
    ("tax", r"\b(GST|TAX|SST|SR|ZR|ZRL)\b"),
    ("card", r"VISA|MASTER|CARD\b|DEBIT|CREDIT|AMEX|EPAY|E WALLET|GRAB ?PAY|BOOST|TOUCH N GO|NETS\b|TERMINAL"),
    ("cash", r"\bCASH|TENDER|PAID|RECEIVED|PAYMENT|TUNAI|\bPAY\b"),
    ("plain", r"^(AMOUNT|AMT|SALES?)$"),
)
"""The first that matches counts. O, A and L have the forms that scanners often read for them."""
_KINDS: list[tuple[Kind, re.Pattern[str]]] = [(kind, re.compile(pattern)) for kind, pattern in _RULES]
_CURRENCY = re.compile(r"\b(RM|MYR)\b|\$")
_LEAST_ROUNDED = Decimal("0.5")
"""From here up, an amount after `ROUNDING` is the rounded total and not the difference."""
_LABEL = 120
"""Letters before an amount that are read as its label."""
_NOT_LETTER = re.compile(r"[^A-Z]+")
_SUMMARY = re.compile(r"(GST|TAX|SST)\s*(SUMMARY|ANALYSIS|SUMM\b|BREAKDOWN)", re.IGNORECASE)
_TABLE = re.compile(r"(GST|TAX|SST)\s*(RATE|CODE)|AM(OUN)?T\s*\(?(RM|\$|MYR)?\)?\s+(TAX|GST)", re.IGNORECASE)
"""Heads of the table of tax rates; items may have such a head too, so it counts only below a total."""
_TOTALS: frozenset[Kind] = frozenset({"rounded", "final", "incl", "plain"})


@dataclass(frozen=True, slots=True)
class Money:
    """One amount on a page."""

    value: Decimal
    """The amount, in the currency of the receipt."""
    word: int
    """Index of the word."""
    line: int
    """Number of the line."""
    kind: Kind
    """What its label says."""
    label: str
    """The label, in capitals without punctuation; empty where there is none."""
    summary: bool
    """Whether it stands in the table of tax rates that follows the payment."""
    last: bool
    """Whether it is the last amount of its line."""


def amounts(text: str) -> list[tuple[Decimal, int, int]]:
    """The amounts in a text that have two decimals: value, start and end."""
    found = []
    for match in _AMOUNT.finditer(text):
        whole = match["whole"].replace(",", "").replace(" ", "")
        if len(whole) <= 9:
            sign = "-" if match["minus"] or match["inner"] else ""
            found.append((Decimal(f"{sign}{whole or '0'}.{match['cents']}"), match.start(), match.end()))
    return found


@lru_cache(maxsize=4096)
def kind_of(label: str) -> Kind:
    """What a label, in capitals without punctuation, says about the amount after it."""
    if not label:
        return "none"
    for kind, pattern in _KINDS:
        if pattern.search(label):
            return kind
    return "other"


def _kind(label: str, value: Decimal) -> Kind:
    kind = kind_of(label)
    return "rounded" if kind == "rounding" and value >= _LEAST_ROUNDED else kind


def _clean(text: str) -> str:
    return " ".join(_NOT_LETTER.sub(" ", _CURRENCY.sub(" ", text.upper())).split())


@lru_cache(maxsize=32)
def money_on(page: Layout) -> tuple[Money, ...]:
    """Every amount on a page, in reading order.

    An amount without a label takes the line above as its label, if that has no amount of its own.
    """
    found: list[Money] = []
    summary = totalled = False
    above = ""
    for number, line in enumerate(page.lines):
        here = [(index, amounts(page.words[index])) for index in line.indices]
        count = sum(len(values) for _, values in here)
        summary = summary or bool(_SUMMARY.search(line.text)) or (totalled and bool(_TABLE.search(line.text)))
        if not count:
            above = _clean(line.text[-_LABEL:])
            continue
        before = ""
        for index, values in here:
            start = 0
            for value, begin, end in values:
                count -= 1
                before = f"{before} {page.words[index][start:begin]}"[-_LABEL:]
                label = _clean(before)
                if not label and kind_of(above) not in ("other", "none"):
                    label = above
                found.append(Money(value, index, number, _kind(label, value), label, summary, last=count == 0))
                totalled = totalled or found[-1].kind in _TOTALS
                start = end
            before = f"{before} {page.words[index][start:]}"[-_LABEL:]
        above = ""
    return tuple(found)
