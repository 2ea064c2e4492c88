"""Panel: all readers of the desk, as agents."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal

from quorate.agents import Agent, agent
from quorate.contracts import Claim, Evidence, Items, Passage

from .addresses import ADDRESS_READERS
from .companies import COMPANY_READERS
from .date_readers import DATE_READERS
from .layout import Box, layout_of
from .reading import Reader, Reading
from .register import VendorRegister
from .reliability import Reliability
from .totals import TOTAL_READERS
from .vendor_readers import vendor_readers

__all__ = ["PAGE_READERS", "readers"]

PAGE_READERS: tuple[Reader, ...] = (*COMPANY_READERS, *DATE_READERS, *TOTAL_READERS, *ADDRESS_READERS)
"""The readers that need nothing but the page."""

_TYPES = {"company": str, "address": str, "date": datetime.date, "total": Decimal}


def readers(reliability: Reliability, register: VendorRegister) -> list[Agent]:
    """The readers as agents, one for each way of reading.

    Args:
        reliability: Sets the confidence that each claims with.
        register: The vendors known so far; what is added to it later counts too.
    """
    return [_agent(reader, reliability) for reader in (*PAGE_READERS, *vendor_readers(register))]


def _agent(reader: Reader, reliability: Reliability) -> Agent:
    def read(words: list[str], boxes: list[Box]) -> Iterator[Claim]:
        for reading in reader.read(layout_of(words, boxes)):
            yield _claim(reading, reliability.of(reader.name, reading.field, reading.how))

    read.__doc__ = reader.read.__doc__
    return agent(
        name=reader.name,
        reads={"words", "boxes"},
        writes={field: _TYPES[field] for field in reader.fields},
        capability=reader.capability,
        version=reader.version,
        owner="receipt desk",
    )(read)


def _claim(reading: Reading, confidence: float) -> Claim:
    evidence: list[Evidence] = [Items("words", reading.words)] if reading.words else []
    if reading.known:
        evidence.append(Passage("register", reading.known, reading.known))
    return Claim(reading.field, reading.value, confidence, tuple(evidence), f"{reading.reason} ({reading.how})")
