"""Queue: a layer that lets so many calls through at the same time, and so many in a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from langgraph.runtime import get_runtime

from ...contracts import Limits, RateError, Service, UnavailableError
from ..output import Output
from ..retry import retry_after
from ..run import Run
from .clock import Clock
from .layer import AsyncProceed, Inputs, Proceed
from .rate import Rate
from .traffic_state import QueueState
from .turnstile import Turnstile

__all__ = ["Queue", "Queues", "heartbeat", "patience_of", "rest", "rhythm_of"]


class Queue:
    """The queue of one agent or provider, for all its calls in whatever thread or event loop.

    Args:
        name: Whose it is: `agent reader` or `provider openai`.
        terms: Its bounds.
        clock: By which time.
    """

    def __init__(self, name: str, terms: Limits | Service, clock: Clock) -> None:
        self.name = name
        self._terms, self._clock = terms, clock
        self._turnstile = Turnstile(terms.concurrency, terms.queue)
        self._rate = Rate(name, terms.per_minute, clock)
        self._delayed = 0
        self._lock = Lock()

    @property
    def state(self) -> QueueState:
        """How it stands."""
        terms = self._terms
        return QueueState(
            name=self.name,
            running=self._turnstile.running - self._delayed,
            waiting=self._turnstile.waiting + self._delayed,
            concurrency=terms.concurrency,
            per_minute=terms.per_minute,
            held_for=self._rate.held_for,
        )

    def enter(self, most: float) -> None:
        """Wait for the turn, in this thread, for at most so many seconds.

        Raises:
            UnavailableError: Too many wait, or the others take too long.
            RateError: The next run may not begin in time.
        """
        started = self._clock.now()
        try:
            inside = self._turnstile.enter(most)
        except OverflowError:
            raise self._full() from None
        if not inside:
            raise self._slow(most)
        if seconds := self._reserve(most, started):
            with self._waiting():
                self._clock.sleep(seconds)

    async def aenter(self, most: float, rhythm: float) -> None:
        """The same in an event loop, with a sign of life every `rhythm` seconds."""
        started = self._clock.now()
        try:
            inside = await self._turnstile.aenter(most, heartbeat, rhythm)
        except OverflowError:
            raise self._full() from None
        if not inside:
            raise self._slow(most)
        if seconds := self._reserve(most, started):
            with self._waiting():
                await rest(self._clock, seconds, rhythm)

    def leave(self) -> None:
        """Let the next one in."""
        self._turnstile.leave()

    def hold(self, seconds: float) -> None:
        """Let nobody begin for so many seconds: the service asked for it."""
        self._rate.hold(seconds)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Count as one that waits, and go out again where the wait is cut short."""
        with self._lock:
            self._delayed += 1
        try:
            yield
        except BaseException:
            self._turnstile.leave()
            raise
        finally:
            with self._lock:
                self._delayed -= 1

    def _reserve(self, most: float, started: float) -> float:
        try:
            seconds, has_place = self._rate.reserve(most - (self._clock.now() - started))
        except BaseException:
            self._turnstile.leave()
            raise
        if has_place:
            return seconds
        held = self._rate.held_for
        self._turnstile.leave()
        raise RateError(
            f"queue of {self.name}",
            got="a service that wants to be left alone" if held else f"{self._terms.per_minute} runs in a minute",
            expected=f"a turn within {most:.3g} s; there is one in {seconds:.3g} s",
            fix=f"come back in {seconds:.3g} s, or raise limits.wait",
            code="retry_after" if held else "per_minute",
        )

    def _full(self) -> UnavailableError:
        return UnavailableError(
            f"queue of {self.name}",
            got=f"{self._terms.concurrency} runs under way, and {self._terms.queue} that wait",
            expected="room in the queue",
            fix="start fewer runs at the same time, or raise `concurrency` or `queue`",
            code="queue_full",
        )

    def _slow(self, most: float) -> UnavailableError:
        return UnavailableError(
            f"queue of {self.name}",
            got=f"no turn within {most:.3g} s: {self._terms.concurrency} runs are under way",
            expected="one that ends in time",
            fix="start fewer runs at the same time, or raise `concurrency` or limits.wait",
            code="queue_timeout",
        )


class Queues:
    """The layer: a call waits for its turn in each of its queues.

    Args:
        queues: The agent's own, then its provider's.
        limits: How long it may wait.
    """

    def __init__(self, queues: Sequence[Queue], limits: Limits) -> None:
        self._queues = tuple(queues)
        self._most = patience_of(limits)
        self._rhythm = rhythm_of(limits)

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """Call a sync agent when it is its turn."""
        entered: list[Queue] = []
        try:
            for queue in self._queues:
                queue.enter(self._most)
                entered.append(queue)
            return proceed(inputs)
        except Exception as error:
            self._heed(error)
            raise
        finally:
            for queue in entered:
                queue.leave()

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """Call an async agent when it is its turn."""
        entered: list[Queue] = []
        try:
            for queue in self._queues:
                await queue.aenter(self._most, self._rhythm)
                entered.append(queue)
            return await proceed(inputs)
        except Exception as error:
            self._heed(error)
            raise
        finally:
            for queue in entered:
                queue.leave()

    def _heed(self, error: Exception) -> None:
        """Keep the others away from a service that wants to be left alone, but not for longer than any may wait."""
        seconds = retry_after(error)
        if seconds is not None:
            self._queues[-1].hold(min(seconds, self._most))


def patience_of(limits: Limits) -> float:
    """The most seconds that one attempt of the agent may wait."""
    return limits.wait if limits.timeout is None else min(limits.wait, limits.timeout)


def rhythm_of(limits: Limits) -> float:
    """How many seconds an attempt that waits may let pass between two signs of life."""
    return limits.idle_timeout / 2 if limits.idle_timeout is not None else float("inf")


async def rest(clock: Clock, seconds: float, rhythm: float) -> None:
    """Wait in the event loop, with a sign of life every `rhythm` seconds."""
    while seconds > 0:
        await clock.asleep(min(seconds, rhythm))
        seconds -= rhythm
        heartbeat()


def heartbeat() -> None:
    """Tell LangGraph that the agent has not fallen asleep; nothing outside of a graph."""
    try:
        beat: Callable[[], None] | None = getattr(get_runtime(), "heartbeat", None)
    except RuntimeError:
        return
    if beat is not None:
        beat()
