from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langgraph.errors import GraphInterrupt, NodeTimeoutError
from tests.fakes.clock import FakeClock

from quorate.agents.layers.breaker import Breaker, Breakers
from quorate.agents.output import Output
from quorate.agents.run import Run
from quorate.contracts import ContractError, UnavailableError, Usage

FINE = Output((), (), Usage())
RUN = Run("reader")


class Service:
    """Answers, or raises what it is set to."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.calls = 0

    def __call__(self, inputs: Any) -> Output:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return FINE


class Bench:
    """A layer of one breaker by a fake clock, around a service."""

    def __init__(self, failures: int = 3, cooldown: float = 30.0) -> None:
        self.clock, self.service = FakeClock(), Service()
        self.breaker = Breaker("agent reader", failures, cooldown, self.clock)
        self.layer = Breakers([self.breaker])

    def call(self, error: BaseException | None = None) -> str:
        """Call; how it went."""
        self.service.error = error
        try:
            self.layer.call(RUN, {}, self.service)
        except UnavailableError:
            return "refused"
        except BaseException as raised:
            return type(raised).__name__
        return "fine"

    @property
    def state(self) -> str:
        return self.breaker.state.state


def test_opens_after_failures_in_a_row() -> None:
    """After so many failures in a row nothing is called any more, and the refusal says what the last one was."""
    bench = Bench(failures=3)
    assert [bench.call(ConnectionError("cut")) for _ in range(3)] == ["ConnectionError"] * 3
    assert (bench.state, bench.call(), bench.service.calls) == ("open", "refused", 3)
    with pytest.raises(UnavailableError) as caught:
        bench.layer.call(RUN, {}, bench.service)
    assert (caught.value.code, caught.value.where) == ("breaker_open", "circuit breaker of agent reader")
    assert "3 failures in a row, the last ConnectionError: cut" in caught.value.got
    assert "30 s" in caught.value.expected


def test_success_counts_anew() -> None:
    """A call that goes well in between makes the count begin again."""
    bench = Bench(failures=2)
    outcomes = [bench.call(error) for error in [TimeoutError(), None, TimeoutError(), None, TimeoutError()]]
    assert (outcomes[-1], bench.state, bench.breaker.state.failures) == ("TimeoutError", "closed", 1)


def test_probe_closes() -> None:
    """After the cooldown one call tries; when it goes well all are let through again."""
    bench = Bench(failures=1)
    bench.call(ConnectionError())
    bench.clock.time += 29.9
    assert (bench.call(), bench.breaker.state.retry_in) == ("refused", pytest.approx(0.1))
    bench.clock.time += 0.2
    assert (bench.state, bench.call(), bench.state, bench.call()) == ("half-open", "fine", "closed", "fine")


def test_probe_opens_again() -> None:
    """A call that tries and fails opens it for another cooldown, however many failures it takes otherwise."""
    bench = Bench(failures=3)
    for _ in range(3):
        bench.call(ConnectionError())
    bench.clock.time += 30
    assert (bench.call(ConnectionError()), bench.state, bench.call()) == ("ConnectionError", "open", "refused")
    bench.clock.time += 30
    assert bench.call() == "fine"


def test_one_probe_at_a_time() -> None:
    """While one call tries, no other goes through."""
    bench = Bench(failures=1)
    bench.call(ConnectionError())
    bench.clock.time += 30
    seen: list[str] = []

    def probe(inputs: Any) -> Output:
        seen.append(bench.call())
        return FINE

    bench.layer.call(RUN, {}, probe)
    assert (seen, bench.call()) == (["refused"], "fine")


def test_probe_that_never_comes_back() -> None:
    """A call that tries and hangs keeps the others out for one cooldown, and not for ever."""
    bench = Bench(failures=1)
    bench.call(ConnectionError())
    bench.clock.time += 30
    seen: list[str] = []

    def hanging(inputs: Any) -> Output:
        seen.append(bench.call())
        bench.clock.time += 30
        seen.extend((bench.call(), bench.state))
        raise TimeoutError

    with pytest.raises(TimeoutError):
        bench.layer.call(RUN, {}, hanging)
    assert (seen, bench.call()) == (["refused", "fine", "closed"], "refused")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GraphInterrupt(), ValueError("in the code")])
def test_probe_that_tells_nothing(error: BaseException) -> None:
    """A probe that is cut short, or fails in the agent's own code, tells nothing: the next call tries."""
    bench = Bench(failures=1)
    bench.call(ConnectionError())
    bench.clock.time += 30
    assert bench.call(error) == type(error).__name__
    assert (bench.state, bench.call(), bench.state) == ("half-open", "fine", "closed")


class Status(Exception):
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


class TransportError(Exception):
    """As HTTP clients name it."""


class ReadError(TransportError): ...


@pytest.mark.parametrize(
    "error", [TimeoutError(), ConnectionResetError(), Status(429), Status(500), Status(503), ReadError()]
)
def test_failures_of_the_outside_world_count(error: Exception) -> None:
    """Timeouts, the network, 429 and 5xx count."""
    bench = Bench(failures=1)
    bench.call(error)
    assert bench.state == "open"


@pytest.mark.parametrize(
    "error",
    [ValueError(), Status(400), Status(404), ContractError("a", got="b", expected="c", fix="d"), OSError("no file")],
)
def test_other_errors_do_not_count(error: Exception) -> None:
    """Errors in the code, refusals and broken contracts do not count."""
    bench = Bench(failures=1)
    bench.call(error)
    assert bench.state == "closed"


def test_broken_contract_shows_that_the_service_answers() -> None:
    """An answer that breaks the contract ends a row of failures, as any answer does."""
    bench = Bench(failures=2)
    for error in [TimeoutError(), ContractError("a", got="b", expected="c", fix="d"), TimeoutError()]:
        bench.call(error)
    assert bench.state == "closed"


def test_stragglers() -> None:
    """A call that began before it opened changes nothing when it ends."""
    bench = Bench(failures=1)

    def slow(inputs: Any) -> Output:
        bench.call(ConnectionError())
        return FINE

    bench.layer.call(RUN, {}, slow)
    assert bench.state == "open"


def test_provider_and_agent() -> None:
    """A call passes the provider's breaker and its own; a refusal by one leaves the probe of the other free."""
    clock, service = FakeClock(), Service()
    provider = Breaker("provider p", 1, 10.0, clock)
    mine, other = Breaker("agent a", 1, 99.0, clock), Breaker("agent b", 1, 10.0, clock)
    service.error = ConnectionError()
    with pytest.raises(ConnectionError):
        Breakers([provider, mine]).call(RUN, {}, service)
    with pytest.raises(UnavailableError, match="provider p"):
        Breakers([provider, other]).call(RUN, {}, service)
    clock.time += 10
    with pytest.raises(UnavailableError, match="agent a"):
        Breakers([provider, mine]).call(RUN, {}, service)  # its own is still open
    service.error = None
    Breakers([provider, other]).call(RUN, {}, service)
    assert provider.state.state == "closed"


def test_time_limits_count() -> None:
    """An attempt that LangGraph cuts short counts where the agent was called, and not where it only waited."""
    bench = Bench(failures=1)
    error = NodeTimeoutError("reader", 1.0, kind="run", idle_timeout=None, run_timeout=1.0)
    bench.layer.timed_out(error)
    assert bench.state == "closed"

    async def cut_short() -> None:
        async def hanging(inputs: Any) -> Output:
            await asyncio.sleep(60)
            return FINE

        task = asyncio.create_task(bench.layer.acall(RUN, {}, hanging))
        await asyncio.sleep(0)
        bench.layer.timed_out(error)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(cut_short())
    assert bench.state == "open"


async def test_time_limit_of_a_straggler() -> None:
    """A call that began before it opened, and runs out of time while another one tries, does not end that one's try."""
    bench = Bench(failures=1)
    go_on = asyncio.Event()

    async def waiting(inputs: Any) -> Output:
        await go_on.wait()
        return FINE

    straggler = Breakers([bench.breaker])
    old = asyncio.create_task(straggler.acall(RUN, {}, waiting))
    await asyncio.sleep(0)
    bench.call(ConnectionError())
    bench.clock.time += 30
    probe = asyncio.create_task(bench.layer.acall(RUN, {}, waiting))
    await asyncio.sleep(0)
    straggler.timed_out(NodeTimeoutError("reader", 1.0, kind="run", idle_timeout=None, run_timeout=1.0))
    assert (bench.state, bench.call()) == ("half-open", "refused")
    go_on.set()
    await asyncio.gather(old, probe)
    assert bench.state == "closed"


async def test_time_limit_of_the_probe() -> None:
    """A call that tries and runs out of time opens it again; the next one tries after another cooldown."""
    bench = Bench(failures=1)
    bench.call(ConnectionError())
    bench.clock.time += 30
    probe = asyncio.create_task(bench.layer.acall(RUN, {}, lambda inputs: asyncio.sleep(60, FINE)))
    await asyncio.sleep(0)
    bench.layer.timed_out(NodeTimeoutError("reader", 1.0, kind="run", idle_timeout=None, run_timeout=1.0))
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert (bench.state, bench.call()) == ("open", "refused")
    bench.clock.time += 30
    assert (bench.call(), bench.state) == ("fine", "closed")


async def test_async() -> None:
    """Async calls are counted and refused in the same way."""
    bench = Bench(failures=1)

    async def failing(inputs: Any) -> Output:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await bench.layer.acall(RUN, {}, failing)
    with pytest.raises(UnavailableError):
        await bench.layer.acall(RUN, {}, failing)


def test_threads() -> None:
    """From many threads: once it is open no call goes through, and of all that wait one tries."""
    bench = Bench(failures=5)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: bench.call(ConnectionError()), range(200)))
    assert bench.state == "open"
    assert outcomes.count("refused") == 200 - bench.service.calls
    bench.clock.time += 30
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: bench.call(ConnectionError()), range(50)))
    assert outcomes.count("ConnectionError") == 1


def test_log(caplog: pytest.LogCaptureFixture) -> None:
    """The log is told when it opens, as a warning, and when it closes."""
    bench = Bench(failures=1)
    with caplog.at_level(logging.INFO):
        bench.call(ConnectionError())
        bench.clock.time += 30
        bench.call()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "circuit breaker of agent reader: open for 30 s"),
        ("INFO", "circuit breaker of agent reader: half-opened"),
        ("INFO", "circuit breaker of agent reader: closed"),
    ]
