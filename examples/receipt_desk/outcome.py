"""Outcome: what must be decided about a receipt."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from quorate.contracts import Canonical

from .register import letters_and_digits

__all__ = ["Category", "PostedReceipt", "Receipt"]

Category = Literal["meals", "groceries", "fuel", "travel", "office", "hardware", "health", "other"]
"""The accounts that receipts are posted to."""


LARGEST = 10_000_000
"""The largest total; more is a misread number, or not a matter of receipts."""


def _named(company: str) -> str:
    if not letters_and_digits(company):
        raise ValueError("give the name of the seller: at least one letter or digit")
    return company.strip()


class PostedReceipt(BaseModel):
    """What the ledger answered."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    """The key of the row in the table of receipts; two receipts of the same content have one row."""


class Receipt(BaseModel):
    """A receipt as it is posted."""

    model_config = ConfigDict(extra="forbid")

    company: Annotated[str, AfterValidator(_named), Canonical(letters_and_digits)]
    """Who sold, with at least one letter or digit; equal where letters and digits are equal."""
    date: datetime.date
    """Day of the sale."""
    total: Annotated[Decimal, Field(gt=0, le=LARGEST, decimal_places=2)]
    """What was to pay, tax and rounding included, in the currency of the receipt; more than 0, cents at the finest."""
    address: Annotated[str, Canonical(letters_and_digits)] | None = None
    """Where the seller is; equal where letters and digits are equal."""
    currency: str = "MYR"
    """The currency, by its ISO 4217 code; where nobody sees another, ringgit."""
    category: Category | None = None
    """The account to post to."""
    posted: PostedReceipt
    """The row that it was posted to."""
