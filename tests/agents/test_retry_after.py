from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.fakes.clock import FakeClock
from tests.fakes.openai_server import OpenAIServer, reading

from quorate.agents import Guard, Traffic, agent, chat_agent, openai_chat
from quorate.agents.retry import retry_after
from quorate.contracts import Limits
from quorate.graphs import Supervisor

NOW = datetime.datetime(2026, 11, 5, 12, 0, 0, tzinfo=datetime.UTC)


class Document(BaseModel):
    text: str


class Receipt(BaseModel):
    total: Decimal


def error(**headers: str) -> Exception:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = httpx.Request("GET", "http://localhost")
    return httpx.HTTPStatusError("", request=request, response=httpx.Response(429, headers=sent))


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({"retry_after": "7"}, 7.0),
        ({"Retry_After": "1.5"}, 1.5),
        ({"retry_after_ms": "250", "retry_after": "1"}, 0.25),
        ({"retry_after": "Thu, 05 Nov 2026 12:01:30 GMT"}, 90.0),
        ({"retry_after": "Thu, 05 Nov 2026 14:01:30 +0200"}, 90.0),
        ({"retry_after": "Thu, 05 Nov 2026 12:00:10 -0000"}, 10.0),
        ({"retry_after": "Thu, 05 Nov 2026 11:00:00 GMT"}, None),
        ({"retry_after_ms": "soon", "retry_after": "7"}, 7.0),
        ({"retry_after_ms": "0", "retry_after": "7"}, 7.0),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": ""}, None),
        ({}, None),
    ],
)
def test_what_a_service_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds and dates are read; what is past or cannot be read asks for nothing."""
    assert retry_after(error(**headers), NOW) == seconds


def test_of_any_client() -> None:
    """The header is found in the errors of other clients too, and where there is no response nothing is."""
    response = requests.Response()
    response.status_code, response.headers["Retry-After"] = 429, "3"
    assert retry_after(requests.HTTPError(response=response)) == 3
    assert retry_after(ValueError()) is None


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    """Whatever a header says, it is a positive number of seconds or nothing, and no error."""

    class Odd(Exception):
        response = type("Response", (), {"headers": {"retry-after": text}})()

    seconds = retry_after(Odd(), NOW)
    assert seconds is None or 0 < seconds < float("inf")


class Desk:
    """A team of one chat agent, by a clock that a test can read."""

    def __init__(self, server: OpenAIServer, **limits: Any) -> None:
        self.clock = FakeClock()
        reader = chat_agent(
            "reader",
            openai_chat("m", base_url=server.url),
            prompt="Read {text}.",
            writes={"total": Decimal},
            provider="openai",
            limits=Limits(**{"backoff": 0, **limits}),
        )
        self.team = Supervisor(
            "team", request=Document, outcome=Receipt, agents=[reader], traffic=Traffic(clock=self.clock)
        )

    async def ask(self, *, sync: bool = False) -> Any:
        graph, given = self.team.compile(), {"request": {"text": "TOTAL 12.50"}}
        return self.team.read(graph.invoke(given) if sync else await graph.ainvoke(given))


GOOD = {"total": reading("12.50", quote="12.50", confidence=0.95)}


@pytest.mark.parametrize("sync", [True, False])
async def test_waits_as_long_as_asked(sync: bool) -> None:
    """The next attempt of a real client comes when the server wants it, and not before."""
    with OpenAIServer() as server:
        desk = Desk(server)
        server.fail(429, headers={"Retry-After": "7"})
        server.fail(503, headers={"retry-after-ms": "1500"})
        server.answer(GOOD)
        turn = await desk.ask(sync=sync)
    assert (turn.values, desk.clock.slept, turn.usage[0].attempts) == ({"total": "12.50"}, [7.0, 1.5], 3)


async def test_own_wait_counts() -> None:
    """Only what is left of the wait is waited before LangGraph's own backoff."""
    with OpenAIServer() as server:
        desk = Desk(server, backoff=0.25)
        server.fail(429, headers={"Retry-After": "1"})
        server.answer(GOOD)
        await desk.ask()
    assert desk.clock.slept[0] == 0.75


def test_own_wait_is_bounded() -> None:
    """LangGraph's own backoff ends at 128 seconds, however long it is by the contract: the rest is waited before it."""
    clock = FakeClock()

    @agent(writes={"total": int}, capability="extraction", limits=Limits(backoff=300, wait=1_000))
    def reader() -> None:
        raise error(retry_after="200")

    with pytest.raises(type(error())):
        Guard(reader, {}, {}, clock=clock).invoke({})
    assert clock.slept == [72.0]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("sync", [True, False])
async def test_longer_than_the_limit(status: int, sync: bool) -> None:
    """A wait longer than the limit is a fault at once, which says when to come back."""
    with OpenAIServer() as server:
        desk = Desk(server, wait=10)
        server.fail(status, headers={"Retry-After": "3600"})
        (fault,) = (await desk.ask(sync=sync)).faults
        assert len(server.requests) == 1
    assert (fault.kind, fault.code, fault.attempt) == ("rate", "retry_after", 1)
    assert fault.fix.startswith("come back in 3600 s, at 20")
    assert fault.fix.endswith("UTC; limits.wait is 10 s")


async def test_last_attempt() -> None:
    """After the last attempt the fault says when to come back; nobody waits for nothing."""
    with OpenAIServer() as server:
        desk = Desk(server, attempts=2)
        for _ in range(2):
            server.fail(429, headers={"Retry-After": "5"})
        (fault,) = (await desk.ask()).faults
    assert (fault.kind, fault.attempt, desk.clock.slept) == ("rate", 2, [5.0])
    assert fault.fix.startswith("come back in 5 s")


async def test_server_that_is_down_for_long() -> None:
    """After failures in a row the provider's breaker opens: later turns fail at once and send no request."""
    with OpenAIServer() as server:
        desk = Desk(server, attempts=3, breaker=3)
        for _ in range(3):
            server.fail(503)
        first = await desk.ask()
        second = await desk.ask()
        assert (first.faults[0].kind, len(server.requests)) == ("error", 3)
        assert (second.faults[0].kind, second.faults[0].code) == ("unavailable", "breaker_open")
        state = {each.name: each.state for each in desk.team.limits().breakers}
        assert state == {"agent reader": "open", "provider openai": "closed"}
        desk.clock.time += 30
        server.answer(GOOD)
        assert (await desk.ask()).values == {"total": "12.50"}
        assert all(each.state == "closed" for each in desk.team.limits().breakers)
