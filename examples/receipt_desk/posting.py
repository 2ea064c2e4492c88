"""Posting: the action that proposes to post a receipt, and the register that learns from what was posted."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Sequence
from decimal import Decimal

from quorate.agents import agent
from quorate.checkpoints import Table
from quorate.contracts import Effect

from .layout import Box, layout_of
from .register import Vendor, VendorRegister, tokens_on

__all__ = ["PostedRegister", "post_receipt"]


@agent(
    writes={"posted"},
    capability="action",
    version="1.0.0",
    owner="receipt desk",
)
def post_receipt(
    company: str,
    date: datetime.date,
    total: Decimal,
    currency: str,
    address: str | None,
    category: str | None,
    words: list[str],
    boxes: list[Box],
) -> Effect:
    """Post the receipt, once for each company, day, amount and currency."""
    row = {
        "company": company,
        "date": date,
        "total": total,
        "currency": currency,
        "category": category or "other",
        "address": address,
        "tokens": sorted(tokens_on(layout_of(words, boxes))),
    }
    return Effect(
        "post", row, identity=("company", "date", "total", "currency"), reason=f"{company}, {currency} {total}"
    )


class PostedRegister(VendorRegister):
    """The vendor register of what was posted to a table; readers of several threads may ask it while it learns."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._newest = ""
        self._lock = threading.RLock()
        super().__init__()

    def refresh(self) -> None:
        """Learn from the rows that were posted since the last time; from all, where the last one was taken out."""
        with self._lock:
            limit = 1
            while True:
                rows = self._table.rows(limit=limit)
                keys = [row["key"] for row in rows]
                if self._newest in keys or len(rows) < limit:
                    break
                limit *= 4
            if self._newest and self._newest not in keys:
                super().__init__()
            known = keys.index(self._newest) if self._newest in keys else len(rows)
            for row in rows[:known]:
                self.add(Vendor.from_row(row))
            self._newest = keys[0] if keys else ""

    def company(self, token: str) -> tuple[str, int, int]:
        """The company that a token stood for most often, how often, and how often the token was seen at all."""
        with self._lock:
            return super().company(token)

    def addresses(self, tokens: Sequence[str]) -> list[tuple[str, int]]:
        """The addresses that were posted with any of the tokens, with the number of tokens that speak for each."""
        with self._lock:
            return super().addresses(tokens)

    def alike(self, name: str) -> tuple[str, float]:
        """The known company whose name is most like another, and how like it is in [0, 1]."""
        with self._lock:
            return super().alike(name)
