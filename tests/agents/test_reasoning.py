from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel
from tests.fakes.guarded_graph import GuardedGraph

from quorate.agents import Case, cases_agent
from quorate.contracts import ContractError


class Document(BaseModel):
    lines: list[str]


class Receipt(BaseModel):
    company: str
    total: Decimal
    day: datetime.date
    category: str
    limit: Decimal | None = None


CASES = [
    Case("company.startsWith('Aeon')", {"category": "food"}, 0.9, "Aeon sells food"),
    Case("total > 1000.0", {"category": "equipment", "limit": 500}, 0.6),
    Case("true", {"category": "other"}, 0.1),
]


def run(*cases: Case, reads: Any = ("company", "total"), first: bool = True, **decisions: Any) -> Any:
    made = cases_agent("category", cases, reads=reads, writes={"category": str, "limit": Decimal}, first=first)
    values = {"company": "Aeon Big", "total": "12.50", "day": "2026-11-20", **decisions}
    return GuardedGraph(made, request=Document, outcome=Receipt).run(lines=["milk", "bread"], decisions=values)


def test_first_case_that_holds() -> None:
    """The first case that holds claims, with its confidence and reason."""
    (claim,) = run(*CASES, total="2000").claims
    assert (claim.field, claim.value, claim.confidence, claim.reason) == ("category", "food", 0.9, "Aeon sells food")


def test_several_fields() -> None:
    """A case may claim several fields; without a reason it gives its condition."""
    claims = run(*CASES, company="Shop", total="2000").claims
    assert [(c.field, c.value, c.reason) for c in claims] == [
        ("category", "equipment", "because total > 1000.0"),
        ("limit", "500", "because total > 1000.0"),
    ]


def test_every_case_that_holds() -> None:
    """With `first=False` every case that holds claims."""
    claims = run(*CASES, first=False, total="2000").claims
    assert [c.value for c in claims] == ["food", "equipment", "500", "other"]


def test_no_case_abstains() -> None:
    """Where no case holds the agent abstains."""
    ran = run(*CASES[:2], company="Shop")
    assert (ran.claims, ran.faults) == ([], [])


@pytest.mark.parametrize(
    "when",
    [
        "day > '2026-01-01'",
        "lines.exists(line, line == 'milk')",
        "size(lines) == 2",
        "limit == null",
        "company.matches('^Aeon .+$') && total < 13.0",
    ],
)
def test_conditions(when: str) -> None:
    """Conditions see dates as text, lists, sizes, null for an empty field, and decimals as doubles."""
    reads = ("company", "total", "day", "lines", "limit")
    assert len(run(Case(when, {"category": "food"}), reads=reads).claims) == 1


@pytest.mark.parametrize(
    "case, message",
    [
        (Case("totl > 1.0", {"category": "x"}), "which names totl"),
        (Case("day > '2026'", {"category": "x"}), "which names day"),
        (Case("total >", {"category": "x"}), "a CEL expression"),
        (Case("", {"category": "x"}), "a CEL expression"),
        (Case("true", {"kind": "x"}), "then kind"),
        (Case("true", {}), "then nothing"),
        (Case("true", {"category": "x"}, confidence=1.5), "confidence 1.5"),
        (Case("true", {"category": "x"}, confidence=float("nan")), "confidence nan"),
    ],
)
def test_wrong_cases(case: Case, message: str) -> None:
    """A wrong case is refused when the agent is made, with its number."""
    with pytest.raises(ContractError) as caught:
        run(CASES[0], case)
    assert message in str(caught.value)
    assert caught.value.where == "agent 'category', case 2"


def test_no_cases() -> None:
    """An agent without a case is refused."""
    with pytest.raises(ContractError, match="no case"):
        run()


@pytest.mark.parametrize("when", ["limit > 1.0", "total", "company > 1"])
def test_condition_that_cannot_be_told(when: str) -> None:
    """A condition that cannot be evaluated on the values, or is not true or false, is a fault of its case."""
    fault = run(Case(when, {"category": "x"}), reads=("company", "total", "limit")).fault
    assert (fault.kind, fault.attempt) == ("contract", 1)
    assert fault.message.startswith("agent 'category', case 1: ")
