from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.fakes.clock import FakeClock

from quorate.agents.layers.clock import SystemClock
from quorate.agents.layers.queue import Queue, Queues
from quorate.agents.output import Output
from quorate.agents.run import Run
from quorate.contracts import Limits, RateError, Service, UnavailableError, Usage

FINE = Output((), (), Usage())
RUN = Run("reader")


class Busy(Exception):
    """A service that answers 429, with how long it wants to be left alone."""

    def __init__(self, retry_after: str) -> None:
        super().__init__("too many requests")
        self.status_code = 429
        self.response = type("Response", (), {"headers": {"retry-after": retry_after}, "status_code": 429})()


class Crowd:
    """Counts how many are inside at the same time."""

    def __init__(self) -> None:
        self.inside = self.most = self.calls = 0
        self._lock = threading.Lock()

    def enter(self) -> None:
        with self._lock:
            self.calls += 1
            self.inside += 1
            self.most = max(self.most, self.inside)

    def leave(self) -> None:
        with self._lock:
            self.inside -= 1

    def call(self, inputs: Any) -> Output:
        self.enter()
        time.sleep(0.002)
        self.leave()
        return FINE

    async def acall(self, inputs: Any) -> Output:
        self.enter()
        await asyncio.sleep(0.002)
        self.leave()
        return FINE


def layer(limits: Limits, clock: Any = None) -> tuple[Queues, Queue]:
    queue = Queue("agent reader", limits, clock or SystemClock())
    return Queues([queue], limits), queue


async def test_bulkhead_in_an_event_loop() -> None:
    """At most so many run at the same time; the others wait, and all of them run."""
    queues, queue = layer(Limits(concurrency=3))
    crowd = Crowd()
    await asyncio.gather(*(queues.acall(RUN, {}, crowd.acall) for _ in range(40)))
    assert (crowd.most, crowd.calls, queue.state.running, queue.state.waiting) == (3, 40, 0, 0)


def test_bulkhead_across_threads_and_loops() -> None:
    """Threads and several event loops wait in one line."""
    queues, queue = layer(Limits(concurrency=2))
    crowd = Crowd()

    async def some() -> None:
        await asyncio.gather(*(queues.acall(RUN, {}, crowd.acall) for _ in range(10)))

    with ThreadPoolExecutor(6) as pool:
        works: list[Callable[[], Any]] = [lambda: asyncio.run(some()), lambda: queues.call(RUN, {}, crowd.call)] * 3
        for future in [pool.submit(work) for work in works]:
            future.result(timeout=30)
    assert (crowd.most, crowd.calls, queue.state.running, queue.state.waiting) == (2, 33, 0, 0)


async def test_first_come_first_served() -> None:
    """Who waits longest is the next."""
    queues, _ = layer(Limits(concurrency=1))
    order: list[int] = []

    async def one(number: int) -> None:
        async def call(inputs: Any) -> Output:
            order.append(number)
            await asyncio.sleep(0)
            return FINE

        await queues.acall(RUN, {}, call)

    await asyncio.gather(*(one(number) for number in range(20)))
    assert order == list(range(20))


async def test_full_queue() -> None:
    """Where as many wait as may, the next is refused at once, and told why."""
    queues, queue = layer(Limits(concurrency=1, queue=2))
    go_on = asyncio.Event()

    async def held(inputs: Any) -> Output:
        await go_on.wait()
        return FINE

    tasks = [asyncio.create_task(queues.acall(RUN, {}, held)) for _ in range(3)]
    await asyncio.sleep(0)
    assert (queue.state.running, queue.state.waiting, queue.state.concurrency) == (1, 2, 1)
    with pytest.raises(UnavailableError) as caught:
        await queues.acall(RUN, {}, held)
    assert (caught.value.code, caught.value.got) == ("queue_full", "1 runs under way, and 2 that wait")
    go_on.set()
    assert await asyncio.gather(*tasks) == [FINE] * 3


async def test_too_long_in_the_queue() -> None:
    """Who has no turn in time is refused, and leaves the line."""
    queues, queue = layer(Limits(concurrency=1, wait=0.01))
    go_on = asyncio.Event()

    async def held(inputs: Any) -> Output:
        await go_on.wait()
        return FINE

    first = asyncio.create_task(queues.acall(RUN, {}, held))
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError) as caught:
        await queues.acall(RUN, {}, held)
    with pytest.raises(UnavailableError):
        await asyncio.to_thread(queues.call, RUN, {}, lambda inputs: FINE)
    assert (caught.value.code, queue.state.waiting) == ("queue_timeout", 0)
    go_on.set()
    await first
    assert queues.call(RUN, {}, lambda inputs: FINE) is FINE


async def test_cancelled_in_the_queue() -> None:
    """Who is cancelled while waiting leaves the line, also at the moment of the turn; no place is lost."""
    queues, queue = layer(Limits(concurrency=1))
    go_on = asyncio.Event()

    async def held(inputs: Any) -> Output:
        await go_on.wait()
        return FINE

    first = asyncio.create_task(queues.acall(RUN, {}, held))
    waiting = [asyncio.create_task(queues.acall(RUN, {}, held)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.sleep(0)
    assert queue.state.waiting == 2
    go_on.set()
    await first  # the turn goes to the first that waits, which is cancelled before it knows
    waiting[0].cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert results[2] is FINE
    assert (queue.state.running, queue.state.waiting) == (0, 0)


def test_loop_that_has_ended() -> None:
    """One whose event loop is closed while it waits does not keep the turn from the next."""
    queues, queue = layer(Limits(concurrency=1))
    queue.enter(1.0)
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(queues.acall(RUN, {}, Crowd().acall))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert queue.state.waiting == 1
    queue.leave()
    assert queues.call(RUN, {}, lambda inputs: FINE) is FINE
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]


async def test_rate_limit() -> None:
    """What may not begin in this minute waits for its place by the clock, in a thread and in an event loop."""
    clock = FakeClock()
    queues, _ = layer(Limits(per_minute=2, wait=100), clock)
    for _ in range(2):
        queues.call(RUN, {}, lambda inputs: FINE)
    await queues.acall(RUN, {}, Crowd().acall)
    queues.call(RUN, {}, lambda inputs: FINE)
    queues.call(RUN, {}, lambda inputs: FINE)
    assert [round(seconds) for seconds in clock.slept] == [60, 60]


def test_rate_limit_beyond_patience() -> None:
    """Where the wait is longer than the limit nothing is called, and the refusal says when to come back."""
    queues, queue = layer(Limits(per_minute=1, wait=10), FakeClock())
    queues.call(RUN, {}, lambda inputs: FINE)
    with pytest.raises(RateError) as caught:
        queues.call(RUN, {}, lambda inputs: FINE)
    assert (caught.value.code, caught.value.got) == ("per_minute", "1 runs in a minute")
    assert caught.value.fix.startswith("come back in 60 s")
    assert queue.state.running == 0


def test_service_that_wants_to_be_left_alone() -> None:
    """After a Retry-After all agents of the provider wait, not the one that heard it alone."""
    clock = FakeClock()
    provider = Queue("provider p", Service(), clock)
    mine, other = (Queues([Queue(f"agent {name}", Limits(), clock), provider], Limits()) for name in "ab")

    def busy(inputs: Any) -> Output:
        raise Busy("20")

    with pytest.raises(Busy):
        mine.call(RUN, {}, busy)
    assert provider.state.held_for == 20
    other.call(RUN, {}, lambda inputs: FINE)
    assert clock.slept == [20]


def test_absurd_retry_after() -> None:
    """A service cannot keep others away for longer than an agent would wait."""
    clock = FakeClock()
    queues, queue = layer(Limits(wait=60), clock)

    def busy(inputs: Any) -> Output:
        raise Busy("31536000")

    with pytest.raises(Busy):
        queues.call(RUN, {}, busy)
    assert queue.state.held_for == 60


def test_waits_within_the_time_limit() -> None:
    """A run with a time limit waits no longer than that: nothing would be left of it."""
    queues, _ = layer(Limits(per_minute=1, wait=600, timeout=5), FakeClock())
    queues.call(RUN, {}, lambda inputs: FINE)
    with pytest.raises(RateError, match=r"within 5 s"):
        queues.call(RUN, {}, lambda inputs: FINE)


async def test_clock_that_fails() -> None:
    """Whatever fails between the line and the call gives the place back."""

    class Stopped(FakeClock):
        def now(self) -> float:
            self.time += 1
            if self.time == 1_002:  # when the turn has come, to look for a place in the minute
                raise OSError("no time")
            return self.time

    queues, queue = layer(Limits(concurrency=1, per_minute=5), Stopped())
    with pytest.raises(OSError, match="no time"):
        queues.call(RUN, {}, lambda inputs: FINE)
    assert (queue.state.running, queues.call(RUN, {}, lambda inputs: FINE)) == (0, FINE)
