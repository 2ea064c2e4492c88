from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest

from quorate.agents import Agent, agent
from quorate.contracts import Claim, Contract, ContractError, Limits


def test_contract_from_signature() -> None:
    """A decorated function reads its parameters, and its annotations become the types of the contract."""

    @agent(writes={"total": Decimal}, capability="extraction", version="1.2.0", owner="finance", tier=1)
    def reader(text: str, currency: str | None) -> None: ...

    contract = reader.contract
    assert (contract.name, contract.reads) == ("reader", frozenset({"text", "currency"}))
    assert contract.writes == {"total"}
    assert dict(contract.types) == {"text": str, "currency": str | None, "total": Decimal}
    assert (contract.version, contract.owner, contract.tier) == ("1.2.0", "finance", 1)


def test_default_parameters_are_not_read() -> None:
    """A parameter with a default is a setting, not a field."""

    @agent(writes={"total"}, capability="extraction")
    def reader(text: str, most: int = 3) -> None: ...

    assert reader.contract.reads == {"text"}


def test_reads_must_be_the_parameters() -> None:
    """Reads that are not the parameters are an error that names both."""
    with pytest.raises(ContractError, match="reads texts but parameters text"):

        @agent(reads={"texts"}, writes={"total"}, capability="extraction")
        def reader(text: str) -> None: ...


def test_stays_callable() -> None:
    """A decorated function can still be called as itself."""

    @agent(writes={"total"}, capability="extraction")
    def reader(text: str) -> Claim:
        return Claim("total", text, 0.5)

    assert reader(text="12") == reader("12") == Claim("total", "12", 0.5)


def test_kinds_of_functions() -> None:
    """Coroutine and async generator functions are async-only, other functions are not."""

    @agent(writes={"x"}, capability="reasoning")
    async def coroutine(text: str) -> None: ...

    @agent(writes={"x"}, capability="reasoning")
    async def generator(text: str) -> AsyncIterator[Claim]:
        yield Claim("x", text, 1)

    @agent(writes={"x"}, capability="reasoning")
    def plain(text: str) -> Iterator[Claim]:
        yield Claim("x", text, 1)

    assert [each.async_only for each in (coroutine, generator, plain)] == [True, True, False]


def test_sync_timeout_is_refused() -> None:
    """A timeout on a sync function is refused at once, because sync code cannot be cancelled."""
    with pytest.raises(ContractError, match="make it `async def`"):

        @agent(writes={"x"}, capability="reasoning", limits=Limits(timeout=1))
        def plain(text: str) -> None: ...


def test_nothing_to_call() -> None:
    """An agent without a callable is an error."""
    contract = Contract("empty", frozenset(), frozenset({"x"}), "reasoning")
    with pytest.raises(ContractError, match="pass a function"):
        Agent(contract)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "two words"},
        {"capability": "magic"},
        {"writes": frozenset()},
        {"writes": "total"},
        {"confidence": 1.5},
        {"confidence": float("nan")},
        {"tier": -1},
    ],
)
def test_wrong_contracts(wrong: dict[str, Any]) -> None:
    """Each wrong part of a contract is refused where the agent is made."""
    right: dict[str, Any] = {"name": "x", "reads": frozenset(), "writes": {"total"}, "capability": "extraction"}
    with pytest.raises(ContractError):
        Contract(**{**right, **wrong})
