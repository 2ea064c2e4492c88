"""What is far too large, too deep or no text ends in a clear fault, in good time."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from quorate.agents import Agent, agent
from quorate.agents.output import checked, listed
from quorate.contracts import Claim, ContractError, Effect, EntryPolicy, Limits, Passage, Policy, Usage, fields_of
from quorate.graphs import Supervisor

MEGABYTE = 1_000_000
ONCE = Limits(attempts=1)


class Data(BaseModel):
    data: Any


class Found(BaseModel):
    found: Any


class Many(BaseModel):
    found: list[Any]


def returning(thing: Any, limits: Limits = ONCE, capability: Any = "extraction") -> Agent:
    @agent(name="hostile", writes={"found"}, capability=capability, limits=limits)
    def hostile(data: Any) -> Any:
        return thing() if callable(thing) else thing

    return hostile


def run(one: Agent, data: Any = None, policy: Policy | None = None) -> Any:
    team = Supervisor("team", request=Data, outcome=Found, agents=[one], policy=policy)
    return team.read(team.compile().invoke({"request": {"data": data}}))


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_50_megabytes_in() -> None:
    """A field of 50 MB is refused at the entry, or read as any other where the policy lets it in."""
    one = returning(lambda: Claim("found", 1, 0.95))
    (fault,) = run(one, "x" * 50 * MEGABYTE).faults
    assert (fault.kind, fault.code, len(fault.message) < 500) == ("request", "too_large", True)
    policy = Policy(entry=EntryPolicy(max_bytes=60 * MEGABYTE))
    assert run(one, "x" * 50 * MEGABYTE, policy).values == {"found": 1}


@pytest.mark.parametrize(
    "claim",
    [
        lambda: Claim("found", "x" * 50 * MEGABYTE, 0.9),
        lambda: Claim("found", ["x" * 1000] * 50_000, 0.9),
        lambda: Claim("found", {str(number): 1 for number in range(4 * MEGABYTE)}, 0.9),
        lambda: Claim("found", 1, 0.9, reason="x" * 50 * MEGABYTE),
        lambda: Claim("found", 1, 0.9, [Passage("page", "x" * 50 * MEGABYTE, "k")]),
        lambda: [Claim("found", "x" * 100_000, 0.9) for _ in range(500)],
    ],
)
def test_50_megabytes_out(claim: Any) -> None:
    """A claim of 50 MB, in its value, reason, evidence or in many pieces, is a contract fault, and not stored."""
    turn = run(returning(claim))
    (fault,) = turn.faults
    assert (fault.kind, fault.code, turn.claims) == ("contract", "size", ())
    assert "expected at most 16,000,000" in fault.message
    assert len(fault.message) + len(fault.fix) < 1_000


def test_size_is_a_limit() -> None:
    """The bound is the agent's own."""
    assert run(returning(lambda: Claim("found", "x" * 200, 0.95), Limits(size=500))).values
    assert run(returning(lambda: Claim("found", "x" * 200, 0.95), Limits(size=200))).faults[0].code == "size"


@pytest.mark.parametrize("depth", [300, 2_000, 100_000])
def test_deep(depth: int) -> None:
    """A value nested deeper than can be stored is a fault."""
    turn = run(returning(lambda: Claim("found", nested(depth), 0.9)))
    assert (len(turn.faults), turn.claims) == (1, ())
    assert turn.faults[0].kind in ("contract", "error")


def test_circle() -> None:
    """A value that contains itself is a fault."""
    circle: list[Any] = []
    circle.append(circle)
    assert len(run(returning(Claim("found", circle, 0.9))).faults) == 1


@pytest.mark.parametrize(
    "claim",
    [
        Claim("found", "\udcff", 0.9),
        Claim("found", {"\ud800": 1}, 0.9),
        Claim("found", b"\xff\xfe", 0.9),
        Claim("found", 1, 0.9, reason="\udcff"),
        Claim("\udcff", 1, 0.9),
        {"found": ["\udcff"]},
    ],
)
def test_invalid_text(claim: Any) -> None:
    """Text that is no Unicode is a contract fault, whose own text can be stored."""
    (fault,) = run(returning(claim)).faults
    assert fault.kind == "contract"
    (fault.message + fault.fix).encode()


def test_error_of_invalid_text() -> None:
    """An error whose words are no Unicode can be stored."""

    @agent(writes={"found"}, capability="extraction", limits=ONCE)
    def odd(data: Any) -> None:
        raise ValueError("\udcff")

    run(odd).faults[0].message.encode()


@pytest.mark.parametrize("sync", [True, False])
async def test_ten_thousand_claims(sync: bool) -> None:
    """An agent is stopped soon after the claims that it may make, however many it would."""
    made = itertools.count()

    def claims() -> Iterator[Claim]:
        for number in range(10_000):
            next(made)
            yield Claim("found", number, 0.9)

    @agent(name="hostile", writes={"found"}, capability="extraction", limits=ONCE)
    async def hostile(data: Any) -> AsyncIterator[Claim]:
        for each in claims():
            yield each

    one = returning(claims) if sync else hostile
    team = Supervisor("team", request=Data, outcome=Found, agents=[one])
    turn = team.read(await team.compile().ainvoke({"request": {"data": 1}}))
    assert (turn.faults[0].kind, turn.claims, next(made)) == ("contract", (), 1_001)
    assert "more than 1000 claims" in turn.faults[0].message


def test_ten_thousand_effects() -> None:
    """So is one that proposes effects."""
    acting = returning(
        lambda: (Effect("post", {"number": number}) for number in itertools.count()), capability="action"
    )
    things = listed(acting.call(data=1), 1_000)  # type: ignore[misc]
    assert len(things) == 1_001
    with pytest.raises(ContractError, match="more than 1000 claims"):
        checked(things, acting.contract, fields_of(Many), {}, {})


@pytest.mark.parametrize("sync", [True, False])
async def test_endless_usage(sync: bool) -> None:
    """An agent that only ever tells what it used is stopped too."""

    @agent(name="hostile", writes={"found"}, capability="extraction", limits=ONCE)
    async def hostile(data: Any) -> AsyncIterator[Usage]:
        while True:
            yield Usage(input_tokens=1)

    one = returning(lambda: itertools.repeat(Usage(input_tokens=1))) if sync else hostile
    team = Supervisor("team", request=Data, outcome=Found, agents=[one])
    turn = team.read(await team.compile().ainvoke({"request": {"data": 1}}))
    assert (turn.faults[0].kind, "usages" in turn.faults[0].message) == ("contract", True)
