from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.fakes.guarded_graph import GuardedGraph

from quorate.agents import Agent, pattern_agent
from quorate.contracts import ContractError, Quote

TEXT = "SUBTOTAL 11.00\nTOTAL 12.50\nCASH 20,00"


class Document(BaseModel):
    text: str
    page: str | None = None


class Receipt(BaseModel):
    total: Decimal


def run(agent: Agent, text: str | None = TEXT) -> Any:
    return GuardedGraph(agent, request=Document, outcome=Receipt).run(text=text)


def test_each_match_is_a_claim() -> None:
    """Each match is a claim with the place of its value."""
    made = pattern_agent("amounts", r"\d+\.\d\d", reads="text", writes="total", confidence=0.3)
    claims = run(made).claims
    assert [(c.value, c.confidence, c.evidence) for c in claims] == [
        ("11.00", 0.3, (Quote("text", 9, 14),)),
        ("12.50", 0.3, (Quote("text", 21, 26),)),
    ]


@pytest.mark.parametrize(
    "pattern, group, value",
    [
        (r"\bTOTAL (\d+\.\d\d)", None, "12.50"),
        (r"\b(TOTAL) (?P<total>\d+\.\d\d)", None, "12.50"),
        (r"\b(TOTAL) (\d+\.\d\d)", 2, "12.50"),
        (r"\bTOTAL (?P<amount>\d+\.\d\d)", "amount", "12.50"),
        (re.compile(r"\btotal (\d+)", re.IGNORECASE), None, "12"),
        (r"(?<=\bTOTAL )\d+", 0, "12"),
    ],
)
def test_groups(pattern: Any, group: Any, value: str) -> None:
    """The value stands in the group that is named, else in that of the field's name, else in the first."""
    made = pattern_agent("total", pattern, reads="text", writes="total", group=group)
    (claim,) = run(made).claims
    (quote,) = claim.evidence
    assert isinstance(quote, Quote)
    assert (claim.value, TEXT[quote.start : quote.end]) == (value, value)


def test_group_without_a_part() -> None:
    """A group that took no part in a match claims nothing."""
    made = pattern_agent("total", r"SUBTOTAL|TOTAL (\d+\.\d\d)", reads="text", writes="total")
    assert [claim.value for claim in run(made).claims] == ["12.50"]


def test_convert() -> None:
    """A converted value is claimed; what cannot be converted is no candidate."""
    made = pattern_agent("n", r"[\d.,]+", reads="text", writes="total", convert=Decimal)
    assert [claim.value for claim in run(made).claims] == ["11.00", "12.50"]
    big = pattern_agent("n", r"\d+\.\d+", reads="text", writes="total", convert=lambda t: t if t > "12" else None)
    assert [claim.value for claim in run(big).claims] == ["12.50"]


def test_wrong_value_is_a_fault() -> None:
    """Without `convert`, text that the field's type does not read is a fault that says so."""
    made = pattern_agent("n", r"[\d,]+$", reads="text", writes="total")
    fault = run(made).fault
    assert (fault.kind, "'20,00'" in fault.message, fault.fix.startswith("convert it")) == ("contract", True, True)


def test_confidence_of_a_match() -> None:
    """The confidence may depend on the match."""
    made = pattern_agent(
        "n",
        r"(\w+) (\d+\.\d\d)",
        reads="text",
        writes="total",
        group=2,
        confidence=lambda m: 0.9 if m[1] == "TOTAL" else 0.1,
    )
    assert [claim.confidence for claim in run(made).claims] == [0.1, 0.9]


def test_most() -> None:
    """Only the first matches are looked at."""
    made = pattern_agent("n", r"\d", reads="text", writes="total", most=2)
    assert len(run(made).claims) == 2


def test_empty_field_abstains() -> None:
    """A field that is None or empty is an abstention."""
    made = pattern_agent("n", r"\d*", reads="page", writes="total", convert=Decimal)
    ran = GuardedGraph(made, request=Document, outcome=Receipt).run(text=TEXT, page=None)
    assert (ran.claims, ran.faults) == ([], [])


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "(?P<1>x)", "*", "(?P=x)"])
def test_pattern_that_does_not_compile(pattern: str) -> None:
    """A pattern that does not compile is an error that names the agent and the pattern."""
    with pytest.raises(ContractError) as caught:
        pattern_agent("reader", pattern, reads="text", writes="total")
    assert (caught.value.where, caught.value.got) == ("agent 'reader'", f"pattern {pattern!r}")


@pytest.mark.parametrize("wrong", [{"group": 2}, {"group": "amount"}, {"group": -1}, {"most": 0}])
def test_wrong_settings(wrong: dict[str, Any]) -> None:
    """A group that the pattern does not have, and `most` below 1, are refused when the agent is made."""
    with pytest.raises(ContractError, match="agent 'reader'"):
        pattern_agent("reader", r"TOTAL (?P<total>\d+)", reads="text", writes="total", **wrong)


@given(st.text())
def test_quotes_hold_their_values(text: str) -> None:
    """In any text the quote of a claim is its value."""
    made = pattern_agent("word", r"\w+", reads="text", writes="total")
    for claim in made(text=text):
        (quote,) = claim.evidence
        assert text[quote.start : quote.end] == claim.value
