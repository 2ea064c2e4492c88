"""Virtual clock: an asyncio event loop whose time is advanced where it would be slept.

Everything that waits on the loop waits in virtual time: `asyncio.sleep`, time-outs, LangGraph's waits between attempts.
While a worker thread is at work the clock stands still, so that no wait can overtake what really runs.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

__all__ = ["VirtualClock", "run_virtually"]

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """A selector that lets time pass instead of waiting."""

    loop: VirtualClock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or self.loop.at_work:
            return super().select(None if timeout != 0 else 0)  # a thread that ends wakes the loop
        found = super().select(0)
        if not found and timeout > 0:
            self.loop.advance(timeout)
        return found


class VirtualClock(asyncio.SelectorEventLoop):
    """An event loop with a time of its own, in seconds from 0."""

    def __init__(self) -> None:
        self._now = 0.0
        self.at_work = 0
        """How many calls are at work in threads."""
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """The virtual time."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run it in a thread; the clock stands still until it has ended."""
        self.at_work += 1
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, future: asyncio.Future[Any]) -> None:
        self.at_work -= 1


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualClock) as runner:
        return runner.run(main)
