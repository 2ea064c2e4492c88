"""A small desk for receipts in one line, such as `ACME TOTAL 12.00 CASH 20.00`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from tests.fakes.ledgers import DictLedger, Receiving

from quorate import Claim, Effect, Policy, Quote, Supervisor, agent
from quorate.agents import Agent
from quorate.contracts import Receiver

__all__ = ["AGENTS", "POST", "POSTING", "Document", "Posted", "Posting", "Receipt", "desk", "thread"]


class Document(BaseModel):
    text: str


class Posted(BaseModel):
    number: str


class Receipt(BaseModel):
    company: str
    total: Decimal
    category: str = "other"


class Posting(Receipt):
    posted: Posted


@agent(writes={"total": Decimal}, capability="extraction", version="1.2.0")
def by_label(text: str) -> Iterator[Claim]:
    for match in re.finditer(r"TOTAL (\S+)", text):
        yield Claim("total", match[1], 0.8, (Quote("text", *match.span(1)),), "after the label")


@agent(writes={"total": Decimal}, capability="extraction")
def by_size(text: str) -> Claim | None:
    amounts = [Decimal(amount) for amount in re.findall(r"\d+\.\d\d", text)]
    return Claim("total", max(amounts), 0.7) if amounts else None


@agent(writes={"company": str}, capability="extraction")
def by_place(text: str) -> Claim | None:
    return Claim("company", text.split(maxsplit=1)[0], 0.9) if text.split() else None


@agent(writes={"category": str}, capability="reasoning")
def by_company(company: str) -> dict[str, Any] | None:
    return {"category": "fuel"} if "PETRO" in company else None


@agent(writes={"posted": Posted}, capability="action")
def post(company: str, total: Decimal) -> Effect:
    return Effect("post", {"company": company, "total": str(total), "memo": ""}, ("company", "total"), "to the books")


AGENTS: tuple[Agent, ...] = (by_label, by_size, by_place, by_company)
POST: Agent = post
POSTING: dict[str, Any] = {"fields": {"category": {"accept": 0.5}}, "effects": {"post": {"approve": True}}}


def desk(
    *,
    agents: Sequence[Any] = AGENTS,
    policy: Mapping[str, Any] | None = None,
    posting: bool = False,
    receiver: Receiver | None = None,
    **options: Any,
) -> Supervisor:
    """The desk; with `posting` it posts what it reads, by a policy that approves it."""
    if posting:
        agents = (*agents, POST)
        options = {"ledger": DictLedger(), "receivers": {"post": receiver or Receiving()}, **options}
    terms = policy if policy is not None else POSTING if posting else {"fields": {"category": {"accept": 0.5}}}
    outcome = options.pop("outcome", Posting if posting else Receipt)
    return Supervisor(
        options.pop("name", "desk"),
        request=Document,
        outcome=outcome,
        agents=agents,
        policy=Policy.parse(dict(terms)),
        **options,
    )


def thread(name: str = "1") -> Any:
    """The config of a thread."""
    return {"configurable": {"thread_id": name}}
