from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel
from tests.fakes.guarded_graph import GuardedGraph

from quorate.agents import Agent, effect_agent
from quorate.contracts import ContractError, Effect


class Document(BaseModel):
    text: str


class Receipt(BaseModel):
    company: str
    total: Decimal
    posted: str | None = None


def propose(agent: Agent, company: str = "Aeon", total: str = "12.50") -> list[Effect]:
    made = GuardedGraph(agent, request=Document, outcome=Receipt)
    return list(made.run(text="x", decisions={"company": company, "total": total}).effects.values())


def test_fields_are_the_arguments() -> None:
    """By default the fields that are read are the arguments, as plain data."""
    made = effect_agent(
        "poster", "post", reads={"company", "total"}, writes="posted", reason="settled", version="1.0.0"
    )
    (effect,) = propose(made)
    assert (effect.name, effect.args, effect.field) == ("post", {"company": "Aeon", "total": "12.50"}, "posted")
    assert (effect.agent, effect.version, effect.reason, effect.status) == ("poster", "1.0.0", "settled", "proposed")


def test_identity() -> None:
    """Effects with the same identity have the same key, whatever else differs and however the value is written."""
    made = effect_agent("poster", "post", reads={"company", "total"}, writes="posted", identity=["total"])
    keys = {propose(made, company, total)[0].key for company, total in (("A", "12.50"), ("B", "12.5"))}
    assert len(keys) == 1
    assert propose(made, total="12.51")[0].key not in keys


def test_own_arguments() -> None:
    """`args` makes the arguments of the fields, or None for no effect."""

    def args(fields: Mapping[str, Any]) -> dict[str, Any] | None:
        return {"cents": int(fields["total"] * 100)} if fields["total"] > 1 else None

    made = effect_agent("poster", "post", reads={"total"}, writes="posted", args=args)
    assert [effect.args for effect in propose(made)] == [{"cents": 1250}]
    assert propose(made, total="0.50") == []


def test_identity_that_is_not_read() -> None:
    """An identity that the agent does not read is refused when the agent is made."""
    with pytest.raises(ContractError, match="got number"):
        effect_agent("poster", "post", reads={"total"}, writes="posted", identity=["total", "number"])
