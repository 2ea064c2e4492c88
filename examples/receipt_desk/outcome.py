"""Outcome: what must be decided about a receipt."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from quorate.contracts import Canonical

from .register import letters_and_digits

__all__ = ["Category", "PostedReceipt", "Receipt"]

Category = Literal["meals", "groceries", "fuel", "travel", "office", "hardware", "health", "other"]
"""The accounts that receipts are posted to."""


class PostedReceipt(BaseModel):
    """What the ledger answered."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    """The key of the row in the table of receipts; two receipts of the same content have one row."""


class Receipt(BaseModel):
    """A receipt as it is posted."""

    model_config = ConfigDict(extra="forbid")

    company: Annotated[str, Canonical(letters_and_digits)]
    """Who sold; equal where letters and digits are equal."""
    date: datetime.date
    """Day of the sale."""
    total: Decimal
    """What was to pay, tax and rounding included, in the currency of the receipt."""
    address: Annotated[str, Canonical(letters_and_digits)] | None = None
    """Where the seller is; equal where letters and digits are equal."""
    currency: str = "MYR"
    """The currency, by its ISO 4217 code; where nobody sees another, ringgit."""
    category: Category | None = None
    """The account to post to."""
    posted: PostedReceipt
    """The row that it was posted to."""
