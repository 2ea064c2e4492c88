"""Desk: the team that settles and posts receipts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from quorate.agents import Agent, chat_agent
from quorate.checkpoints import Database
from quorate.contracts import Limits, Policy
from quorate.graphs import Supervisor

from .category import category_by_keywords
from .currency import currency_by_sign
from .outcome import Receipt
from .page import ReceiptPage
from .panel import readers
from .posting import PostedRegister, post_receipt
from .register import VendorRegister
from .reliability import Reliability
from .rules import RULES

__all__ = ["POLICY", "TABLE", "model_reader", "receipt_desk"]

_HERE = Path(__file__).parent
POLICY = _HERE / "policy.yaml"
"""The policy that ships with the desk."""
TABLE = "receipts"
"""The ledger table that receipts are posted to."""


def receipt_desk(
    database: Database,
    *,
    policy: Policy | None = None,
    reliability: Reliability | None = None,
    register: VendorRegister | None = None,
    model: BaseChatModel | None = None,
) -> Supervisor:
    """The team of the receipt desk.

    Args:
        database: Holds the ledger, the table of posted receipts, and pages that are too large for the state.
        policy: When a field is settled and posted; by default the policy file and the rules that ship with the desk.
        reliability: How far each reader is trusted; by default what ships with the desk.
        register: The vendors known so far; by default those of the receipts in the table, as they are posted.
        model: A chat model that reads what the other readers did not settle; by default none.
    """
    table = database.table(TABLE)
    posted = PostedRegister(table)
    panel = readers(reliability or Reliability.load(), register if register is not None else posted)
    if register is None:
        panel = [_refreshed(each, posted) if each.contract.capability == "retrieval" else each for each in panel]
    return Supervisor(
        "receipt-desk",
        request=ReceiptPage,
        outcome=Receipt,
        agents=[
            *panel,
            *([model_reader(model)] if model is not None else []),
            currency_by_sign,
            category_by_keywords,
            post_receipt,
        ],
        policy=policy or Policy.load(POLICY).with_rules(*RULES),
        ledger=database.ledger,
        receivers={"post": table},
        blobs=database.blobs,
    )


def model_reader(model: BaseChatModel) -> Agent:
    """The chat model as one more reader, asked only where the others did not settle a field."""
    return chat_agent(
        "model_reader",
        model,
        prompt=_HERE / "prompts" / "reader.md",
        writes={"company": str, "date": datetime.date, "total": Decimal, "address": str},
        version="1.0.0",
        tier=1,
        limits=Limits(attempts=3, backoff=1.0),
        owner="receipt desk",
    )


def _refreshed(agent: Agent, register: PostedRegister) -> Agent:
    """The agent, with what was posted in the meantime."""
    read = agent.call
    assert read is not None

    def call(**fields: Mapping[str, Any]) -> Any:
        register.refresh()
        return read(**fields)

    return replace(agent, call=call)
