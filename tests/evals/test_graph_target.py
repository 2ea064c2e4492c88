from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from pydantic import BaseModel, Field

from quorate import Claim, Policy, Supervisor, agent
from quorate.evals import AMOUNT, TEXT, Case, CaseResult, Suite, graph_target, run_suite

AMOUNT_IN_TEXT = re.compile(r"\d+\.\d\d")


class Page(BaseModel):
    text: str = Field(min_length=1)


class Receipt(BaseModel):
    total: Decimal
    company: str | None = None


@agent(reads={"text"}, writes={"total"}, capability="extraction", version="1")
def last_amount(text: str) -> Iterator[Claim]:
    """The last amount; sure of it where the text labels it."""
    for match in list(AMOUNT_IN_TEXT.finditer(text))[-1:]:
        yield Claim("total", Decimal(match[0]), confidence=0.95 if "TOTAL" in text else 0.3)


@agent(reads={"text"}, writes={"company"}, capability="extraction", version="1")
def first_word(text: str) -> Iterator[Claim]:
    """The first word, if it is one."""
    if text[0].isalpha():
        yield Claim("company", text.split(maxsplit=1)[0], confidence=0.9)


def run(case: Case, review: str = "never") -> CaseResult:
    """The case through a team of two, whose doubts go to a person where `review` says so."""
    desk = Supervisor(
        "desk",
        request=Page,
        outcome=Receipt,
        agents=[last_amount, first_word],
        policy=Policy.parse({"defaults": {"review": review}}),
    )
    suite = Suite("desk", (case,), {"total": AMOUNT, "company": TEXT})
    return run_suite(suite, graph_target(desk.compile(), desk)).cases[0]


def test_settled() -> None:
    """What the team settles is predicted as settled, with its confidence."""
    result = run(Case(id="a", request={"text": "ABC\nTOTAL 31.00"}, expected={"total": 31, "company": "Abc"}))
    assert (result.status, result.settled, result.right) == ("settled", ("company", "total"), True)
    assert result.confidence["total"] == pytest.approx(0.95, abs=0.05)


def test_unsettled() -> None:
    """A value that the team does not accept is predicted, and not as settled."""
    result = run(Case(id="a", request={"text": "ABC 31.00"}, expected={"total": 31, "company": "abc"}))
    assert (result.status, result.settled, result.right) == ("unsettled", ("company",), True)


def test_waiting() -> None:
    """A team that would ask a person has not settled the field; nobody is asked."""
    result = run(Case(id="a", request={"text": "ABC 31.00"}, expected={"total": 31}), review="unsettled")
    assert (result.status, result.settled, result.error) == ("waiting", ("company",), "")


def test_empty_field() -> None:
    """A field that may stay empty, and does, is settled and has no confidence."""
    result = run(Case(id="a", request={"text": "- TOTAL 31.00"}, expected={"total": 31, "company": None}))
    assert (result.status, result.settled, result.right) == ("settled", ("company", "total"), True)
    assert "company" not in result.confidence


def test_refused_request() -> None:
    """A request that is refused at the entry settles nothing and says so."""
    result = run(Case(id="a", request={"text": ""}, expected={"total": 31}))
    assert (result.status, result.settled, result.right) == ("rejected", (), False)
