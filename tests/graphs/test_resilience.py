from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langgraph.runtime import get_runtime
from pydantic import BaseModel
from tests.fakes.clock import FakeClock

from quorate.agents import Agent, Traffic, agent
from quorate.contracts import Claim, ContractError, Limits, Service
from quorate.graphs import Supervisor


class Document(BaseModel):
    text: str


class Receipt(BaseModel):
    total: str


def team(*agents: Agent, **options: Any) -> Supervisor:
    return Supervisor("team", request=Document, outcome=Receipt, agents=agents, **options)


async def ask(supervisor: Supervisor, text: str = "T") -> Any:
    return supervisor.read(await supervisor.compile().ainvoke({"request": {"text": text}}))


async def test_idle_timeout() -> None:
    """An agent that shows no sign of progress is ended, and tried again like any other that ran out of time."""
    calls = []

    @agent(writes={"total"}, capability="extraction", limits=Limits(attempts=2, backoff=0, idle_timeout=0.05))
    async def asleep(text: str) -> None:
        calls.append(1)
        await asyncio.sleep(60)

    (fault,) = (await ask(team(asleep))).faults
    assert (fault.kind, fault.code, fault.attempt, len(calls)) == ("timeout", "idle_timeout", 2, 2)
    assert fault.fix == "raise limits.idle_timeout, or make the agent do less"


async def test_heartbeats() -> None:
    """An agent that gives a sign now and then may take longer than the idle timeout."""

    @agent(writes={"total"}, capability="extraction", limits=Limits(attempts=1, idle_timeout=0.5))
    async def busy(text: str) -> AsyncIterator[Claim]:
        for _ in range(20):
            await asyncio.sleep(0.05)
            get_runtime().heartbeat()
        yield Claim("total", "1", 0.95)

    turn = await ask(team(busy))
    assert (turn.values, turn.faults) == ({"total": "1"}, ())


async def test_waiting_in_a_queue_is_a_sign_of_life() -> None:
    """An agent that waits for its turn is not taken for one that has fallen asleep."""

    @agent(writes={"total"}, capability="extraction", limits=Limits(attempts=1, idle_timeout=0.4, concurrency=1))
    async def slow(text: str) -> AsyncIterator[Claim]:
        for _ in range(3):
            await asyncio.sleep(0.1)
            get_runtime().heartbeat()
        yield Claim("total", "1", 0.95)

    supervisor = team(slow)
    turns = await asyncio.gather(*(ask(supervisor) for _ in range(4)))
    assert [turn.faults for turn in turns] == [()] * 4


def test_idle_timeout_of_a_sync_agent() -> None:
    """Sync code cannot be ended: an idle timeout on it is an error, as a timeout is."""
    with pytest.raises(ContractError, match=r"a sync function with limits\.idle_timeout=1"):

        @agent(writes={"total"}, capability="extraction", limits=Limits(idle_timeout=1))
        def plain(text: str) -> None: ...

    with pytest.raises(ContractError, match=r"limits\.idle_timeout=1"):
        team(Steady().agent).as_agent(limits=Limits(attempts=1, idle_timeout=1))


class Steady:
    """An agent that claims what it reads."""

    def __init__(self, name: str = "steady", **options: Any) -> None:
        self.calls = 0
        self.agent: Agent = agent(name=name, writes={"total"}, capability="extraction", **options)(self._read)

    def _read(self, text: str) -> Claim:
        self.calls += 1
        return Claim("total", text, 0.95)


class Down:
    """An agent whose service does not answer."""

    def __init__(self, name: str = "down", *, hangs: bool = False, **limits: Any) -> None:
        self.calls = 0
        self._hangs = hangs
        self.agent: Agent = agent(
            name=name, writes={"total"}, capability="extraction", limits=Limits(**{"backoff": 0, **limits})
        )(self._read)

    async def _read(self, text: str) -> Claim | None:
        self.calls += 1
        if self._hangs:
            await asyncio.sleep(60)
        raise ConnectionError("cut")


async def test_fallback_while_a_breaker_is_open() -> None:
    """An open breaker is a fault like another: the fallback runs at once, and the agent is spared."""
    down, spare = Down(attempts=2, breaker=2), Steady("spare", instead_of="down")
    supervisor = team(down.agent, spare.agent)
    turns = [await ask(supervisor) for _ in range(5)]
    assert [turn.values for turn in turns] == [{"total": "T"}] * 5
    assert (down.calls, spare.calls) == (2, 5)
    assert [turn.faults[0].code for turn in turns] == ["", *["breaker_open"] * 4]


@pytest.mark.parametrize("attempts", [1, 2])
async def test_time_limits_open_a_breaker(attempts: int) -> None:
    """Attempts that LangGraph ends for lack of time count, each once, the last one too."""
    down = Down(hangs=True, attempts=attempts, timeout=0.02, breaker=2)
    supervisor = team(down.agent)
    while down.calls < 2:
        assert (await ask(supervisor)).faults[0].kind == "timeout"
    assert supervisor.limits().breakers[0].state == "open"
    assert ((await ask(supervisor)).faults[0].code, down.calls) == ("breaker_open", 2)


async def test_teams_share_a_provider() -> None:
    """Teams with the same traffic share a provider's breaker and queue."""

    def reader(name: str, error: Exception | None) -> Agent:
        @agent(name=name, writes={"total"}, capability="extraction", provider="p", limits=Limits(attempts=1))
        def read(text: str) -> Claim:
            if error:
                raise error
            return Claim("total", text, 0.95)

        return read

    traffic = Traffic({"p": Service(breaker=1, concurrency=7)}, clock=FakeClock())
    one, other = team(reader("a", ConnectionError()), traffic=traffic), team(reader("b", None), traffic=traffic)
    await ask(one)
    (fault,) = (await ask(other)).faults
    assert (fault.code, "circuit breaker of provider p" in fault.message) == ("breaker_open", True)
    assert other.limits() == one.limits()
    assert [each.concurrency for each in one.limits().queues if each.name == "provider p"] == [7]


async def test_limits_show_who_waits() -> None:
    """While runs wait, the snapshot tells how many."""
    go_on = asyncio.Event()

    @agent(writes={"total"}, capability="extraction", limits=Limits(concurrency=2))
    async def held(text: str) -> Claim:
        await go_on.wait()
        return Claim("total", text, 0.95)

    supervisor = team(held)
    tasks = [asyncio.create_task(ask(supervisor)) for _ in range(5)]
    while supervisor.limits().queues[0].waiting < 3:  # noqa: ASYNC110 (there is no event to wait for)
        await asyncio.sleep(0.01)
    (queue,) = supervisor.limits().queues
    assert (queue.name, queue.running, queue.waiting, queue.concurrency) == ("agent held", 2, 3, 2)
    go_on.set()
    await asyncio.gather(*tasks)
    assert supervisor.limits().queues[0].running == 0


async def test_sync_agents_wait_without_threads() -> None:
    """Sync agents that wait for their turn hold no worker thread; others go on."""
    inside, go_on = threading.Semaphore(0), threading.Event()

    @agent(writes={"total"}, capability="extraction", limits=Limits(concurrency=1))
    def held(text: str) -> Claim:
        inside.release()
        go_on.wait(30)
        return Claim("total", text, 0.95)

    blocked, free = team(held), team(Steady().agent)
    tasks = [asyncio.create_task(ask(blocked)) for _ in range(100)]
    await asyncio.to_thread(inside.acquire)
    assert (await asyncio.wait_for(ask(free), 20)).values == {"total": "T"}
    go_on.set()
    assert all(turn.values for turn in await asyncio.gather(*tasks))


@pytest.mark.parametrize("error", [StopIteration(), SystemExit(3), KeyError("k"), asyncio.CancelledError()])
async def test_errors_that_cannot_leave_a_thread(error: BaseException) -> None:
    """Whatever a sync agent raises in a worker thread is a fault."""

    @agent(writes={"total"}, capability="extraction", limits=Limits(attempts=1))
    def odd(text: str) -> Iterator[Claim]:
        raise error

    assert len((await asyncio.wait_for(ask(team(odd)), 20)).faults) == 1


async def test_full_queue_is_a_fault() -> None:
    """More runs than may wait are faults that say so; the others run."""

    @agent(writes={"total"}, capability="extraction", limits=Limits(concurrency=1, queue=3, attempts=1))
    async def slow(text: str) -> Claim:
        await asyncio.sleep(0.01)
        return Claim("total", text, 0.95)

    supervisor = team(slow)
    turns = await asyncio.gather(*(ask(supervisor) for _ in range(10)))
    faults = [fault for turn in turns for fault in turn.faults]
    assert sum(bool(turn.values) for turn in turns) == 4
    assert {(fault.kind, fault.code) for fault in faults} == {("unavailable", "queue_full")}


def test_streamed() -> None:
    """`stream` goes through the same layers."""
    steady = Steady(limits=Limits(concurrency=1, per_minute=1, cache=60, attempts=1))
    supervisor = team(steady.agent)
    for _ in range(3):
        updates = list(supervisor.compile().stream({"request": {"text": "T"}}, stream_mode="updates"))
        assert any(update.get("steady", {}).get("claims") for update in updates)
    assert steady.calls == 1


def test_rate_limit_of_a_team() -> None:
    """A run that may not begin in this minute, or as soon as the limits let it wait, is a fault of kind `rate`."""
    clock = FakeClock()
    supervisor = team(Steady(limits=Limits(per_minute=2, wait=5)).agent, traffic=Traffic(clock=clock))
    graph = supervisor.compile()
    turns = [supervisor.read(graph.invoke({"request": {"text": "T"}})) for _ in range(3)]
    assert [bool(turn.values) for turn in turns] == [True, True, False]
    (fault,) = turns[2].faults
    assert (fault.kind, fault.code, fault.fix[:18]) == ("rate", "per_minute", "come back in 60 s,")
    clock.time += 61
    assert supervisor.read(graph.invoke({"request": {"text": "T"}})).values


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": 0},
        {"per_minute": 0},
        {"queue": -1},
        {"breaker": 0},
        {"cooldown": 0},
        {"wait": -1},
        {"wait": float("nan")},
        {"idle_timeout": 0},
        {"cache": 0},
        {"repairs": -1},
        {"size": 0},
        {"concurrency": True},
        {"concurrency": 2.5},
    ],
)
def test_limits_that_are_none(wrong: dict[str, Any]) -> None:
    """A limit that means nothing is an error that names it."""
    (name,) = wrong
    with pytest.raises(ContractError, match=rf"Limits\.{name}"):
        Limits(**wrong)
    if name in {"concurrency", "per_minute", "queue", "breaker", "cooldown"}:
        with pytest.raises(ContractError, match=rf"Limits\.{name}"):
            Service(**wrong)


def test_unused() -> None:
    """A team that needs none of it has no breaker but the closed ones, and nobody waits."""
    supervisor = team(Steady().agent)
    supervisor.compile().invoke({"request": {"text": "T"}})
    (breaker,), (queue,) = supervisor.limits().breakers, supervisor.limits().queues
    assert (breaker.state, breaker.failures, queue.running, queue.waiting) == ("closed", 0, 0, 0)
