from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from quorate.agents.output import Output, alisted, checked, listed
from quorate.contracts import (
    Claim,
    Contract,
    ContractError,
    Effect,
    Items,
    Limits,
    Passage,
    Quote,
    Usage,
    dump,
    fields_of,
    load,
)


class Receipt(BaseModel):
    company: str
    total: Decimal
    rate: float
    rates: dict[str, list[float]] = {}
    day: datetime.date
    extra: Any = None


INPUTS = {"text": "TOTAL 12.50", "words": ["TOTAL", "12.50"], "total": Decimal("12.50")}


def check(*things: Any, capability: Any = "extraction", limits: Limits = Limits(), **contract: Any) -> Output:  # noqa: B008 (frozen)
    made = Contract(
        name="reader",
        reads=frozenset(INPUTS),
        writes=frozenset(Receipt.model_fields),
        capability=capability,
        version="2.0.0",
        limits=limits,
        **contract,
    )
    return checked(things, made, fields_of(Receipt), INPUTS, {"total": 3})


def test_stamps() -> None:
    """A claim gets its origin: agent, version, basis, and its position among the claims."""
    first, second = check(Claim("company", "A", 1), Claim("total", "12.50", 0.5, reason="r")).claims
    assert (first.agent, first.version, first.basis, first.sequence) == ("reader", "2.0.0", {"total": 3}, 0)
    assert (second.value, second.sequence, second.reason) == ("12.50", 1, "r")


def test_values_become_plain() -> None:
    """A typed value is recorded as plain JSON data."""
    day = check(Claim("day", datetime.date(2026, 11, 20), 1)).claims[0]
    assert day.value == "2026-11-20"


def test_mappings_and_models() -> None:
    """A mapping or a model claims each field that is not None, with the contract's confidence."""
    output = check({"company": "A", "total": None}, Partial(company="B", total=None), confidence=0.7)
    assert [(c.field, c.value, c.confidence) for c in output.claims] == [("company", "A", 0.7), ("company", "B", 0.7)]


class Partial(BaseModel):
    company: str | None
    total: Decimal | None


def test_usage_is_summed() -> None:
    """Several usages are one: tokens add up, the last model name stands."""
    usage = check(Usage("small", 1, 2), Usage(input_tokens=10), Usage("big", 100, 200)).usage
    assert (usage.model, usage.input_tokens, usage.output_tokens) == ("big", 111, 202)


@pytest.mark.parametrize(
    "thing, message",
    [
        (Claim("currency", "EUR", 1), "a claim on 'currency'"),
        ({"currency": "EUR"}, "a claim on 'currency'"),
        (Claim("total", "twelve", 1), "a value of the field's type Decimal"),
        (Claim("day", "31.02.2026", 1), "a value of the field's type date"),
        (Claim("total", None, 1), "None of type NoneType"),
        (Claim("rate", float("nan"), 1), "nan of type float"),
        (Claim("rate", float("inf"), 1), "inf of type float"),
        (Claim("rates", {"deep": [float("nan")]}, 1), "[nan]} of type dict"),
        (Claim("extra", object(), 1), "of type object"),
        (Claim("extra", {"deep": [object()]}, 1), "of type dict"),
        (Claim("company", "\ud83d", 1), "surrogates not allowed"),
        (Claim("extra", 2**64, 1), "of type int"),
        (Claim("extra", {"deep": [-(2**63) - 1]}, 1), "of type dict"),
        (Claim("company", "A", 1.01), "confidence 1.01"),
        (Claim("company", "A", -0.01), "confidence -0.01"),
        (Claim("company", "A", float("nan")), "confidence nan"),
        (Claim("company", "A", True), "confidence True"),
        (Claim("company", "A", "high"), "confidence 'high'"),  # type: ignore[arg-type]
        (Claim("company", "A", 1, reason=None), "reason None"),  # type: ignore[arg-type]
        (Claim("company", "A", 1, (Quote("text", 0, 12),)), "a place in 'text', which has 11"),
        (Claim("company", "A", 1, (Quote("text", -1, 3),)), "characters -1 to 3"),
        (Claim("company", "A", 1, (Quote("text", 5, 3),)), "characters 5 to 3"),
        (Claim("company", "A", 1, (Quote("words", 0, 1),)), "characters 0 to 1"),
        (Claim("company", "A", 1, (Quote("total", 0, 0),)), "characters 0 to 0"),
        (Claim("company", "A", 1, (Quote("page", 0, 1),)), "evidence in 'page'"),
        (Claim("company", "A", 1, (Quote("text", 0.0, 3),)), "parts of the declared types"),  # type: ignore[arg-type]
        (Claim("company", "A", 1, (Items("words", (0, 2)),)), "indices 0, 2"),
        (Claim("company", "A", 1, (Items("total", (0,)),)), "indices 0"),
        (Claim("company", "A", 1, (Items("words", ("0",)),)), "parts of the declared types"),  # type: ignore[arg-type]
        (Claim("company", "A", 1, (Passage("register", 17),)), "parts of the declared types"),  # type: ignore[arg-type]
        (Claim("company", "A", 1, ("page 1",)), "Quote, Items or Passage"),  # type: ignore[arg-type]
        (Effect("post", {}), "effects only from capability 'action'"),
        ("TOTAL", "str 'TOTAL'"),
        (12, "int 12"),
    ],
)
def test_broken_contracts(thing: Any, message: str) -> None:
    """What does not keep the contract is refused, with a message that says what came."""
    with pytest.raises(ContractError) as caught:
        check(thing)
    assert message in str(caught.value)
    assert "'reader'" in caught.value.where


def test_good_evidence() -> None:
    """Evidence of each kind that points into what was read is kept."""
    evidence = (
        Quote("text", 0, 11),
        Quote("text", 11, 11),
        Items("words", (1, 0)),
        Passage("register", "17", "x", 0.5),
    )
    claim = check(Claim("company", "A", 1, evidence)).claims[0]
    assert claim.evidence == evidence


def test_too_many_claims() -> None:
    """More claims than the limit are refused; usages do not count."""
    limits = Limits(claims=2)
    assert len(check(Usage(), Claim("company", "A", 1), Usage(), Claim("company", "B", 1), limits=limits).claims) == 2
    with pytest.raises(ContractError, match="more than 2 claims"):
        check(*[Claim("company", "A", 1)] * 3, limits=limits)


def test_endless_generator() -> None:
    """Of an endless generator no more is read than shows that it is too long."""
    pulled = []

    def endless() -> Iterator[Claim]:
        while True:
            pulled.append(1)
            yield Claim("company", "A", 1)

    assert len(listed(endless(), 5)) == len(pulled) == 6


def test_usages_do_not_hide_claims() -> None:
    """A usage before the claims takes no claim's place."""
    things = listed(iter([Usage(), Claim("company", "A", 1), Claim("company", "B", 1)]), 1)
    with pytest.raises(ContractError, match="more than 1 claims"):
        check(*things, limits=Limits(claims=1))


@pytest.mark.parametrize("one", [Claim("company", "A", 1), Effect("post", {}), Usage(), {"company": "A"}, "text", 3])
def test_single_things(one: Any) -> None:
    """One thing is a list of one; nothing is an empty list."""
    assert listed(one, 5) == [one]
    assert listed(None, 5) == []


async def test_async_kinds() -> None:
    """A coroutine is awaited, whatever it returns; an async generator is read up to the limit."""

    async def coroutine() -> list[int]:
        return [1, 2]

    async def endless() -> AsyncIterator[int]:
        while True:
            yield 1

    assert await alisted(coroutine(), 5) == [1, 2]
    assert await alisted(endless(), 5) == [1] * 6


def test_effects() -> None:
    """An effect of an action agent gets its origin, plain arguments, and the canonical content of its identity."""
    effect = check(
        Effect("post", {"total": Decimal("12.50")}, identity=("total",), reason="r"),
        capability="action",
    ).effects[0]
    assert (effect.args, effect.content) == ({"total": "12.50"}, {"total": "12.5"})
    assert (effect.agent, effect.version, effect.basis, effect.status) == ("reader", "2.0.0", {"total": 3}, "proposed")


@pytest.mark.parametrize(
    "effect, message",
    [
        (Effect("post", {"what": object()}), "arguments that JSON can hold"),
        (Effect("post", {"what": "\udc00"}), "arguments that JSON can hold"),
        (Effect("post", {"what": 2**64}), "arguments that JSON can hold"),
        (Effect("post", {}, identity=("company",)), "identity by 'company'"),
        (Effect("post", {}, reason=None), "text as name, reason and undo"),  # type: ignore[arg-type]
    ],
)
def test_broken_effects(effect: Effect, message: str) -> None:
    """An effect that could not be recorded, or whose identity was not read, is refused."""
    with pytest.raises(ContractError, match=message):
        check(effect, capability="action")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(value=anything, field=st.sampled_from(list(Receipt.model_fields)), confidence=st.floats() | st.integers())
def test_accepted_claims_load(value: Any, field: str, confidence: float) -> None:
    """Whatever is claimed, it is refused as a broken contract, or recorded so that it loads and serialises again."""
    try:
        (claim,) = check(Claim(field, value, confidence)).claims
    except ContractError:
        return
    plain = dump(claim)
    assert load(Claim, plain) == claim
    fields_of(Receipt)[field].key(claim.value).encode()
