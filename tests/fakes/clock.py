"""A clock that stands still until somebody waits by it."""

from __future__ import annotations

import asyncio

__all__ = ["FakeClock"]


class FakeClock:
    """Time in seconds that passes by waiting alone."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self.slept: list[float] = []
        """The waits, in order."""

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)
