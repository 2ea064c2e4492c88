"""Receipts made by hand, and what the readers see on them."""

from __future__ import annotations

import datetime
from decimal import Decimal

from examples.receipt_desk.layout import Layout, boxes_of_text, layout_of
from examples.receipt_desk.reading import Reader
from examples.receipt_desk.reliability import Reliability

CAFE = """\
BLUE LANTERN CAFE SDN BHD
(765432-X)
NO 7, JALAN MAWAR 3,
TAMAN MELATI,
50400 KUALA LUMPUR
TEL: 03-5555 0199
GST ID: 000123456789
TAX INVOICE
INVOICE NO: A-1009
DATE: 14/03/2018    12:41 PM
FLAT WHITE       1    10.00
CHICKEN PIE      2    24.00
SUBTOTAL              34.00
GST @6%                2.04
ROUNDING               0.01
TOTAL                 36.05
CASH                  50.00
CHANGE                13.95
GST SUMMARY   AMOUNT     TAX
SR @6%         34.00    2.04
THANK YOU
"""


def page(text: str) -> Layout:
    """The layout of a receipt in plain text."""
    return layout_of(*boxes_of_text(text))


def read(family: tuple[Reader, ...], name: str, text: str) -> list[object]:
    """The values that one reader of a family sees in a text."""
    reader = next(reader for reader in family if reader.name == name)
    return [reading.value for reading in reader.read(page(text))]


def how(family: tuple[Reader, ...], name: str, text: str) -> list[str]:
    """The circumstances that one reader of a family reports."""
    reader = next(reader for reader in family if reader.name == name)
    return [reading.how for reading in reader.read(page(text))]


def check(layout: Layout, team: list[Reader]) -> None:
    """Assert that what a team reads is typed and points into the page."""
    reliability = Reliability.load()
    types = {"company": str, "address": str, "date": datetime.date, "total": Decimal}
    for reader in team:
        for reading in reader.read(layout):
            assert reading.field in reader.fields
            assert isinstance(reading.value, types[reading.field])
            assert 0 <= reliability.of(reader.name, reading.field, reading.how) <= 1
            assert all(0 <= i < len(layout.words) for i in reading.words)
