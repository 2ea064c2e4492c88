"""Rate: when the next run may begin, where so many may begin in a minute, or a service wants to be left alone."""

from __future__ import annotations

import math
from threading import Lock
from typing import TYPE_CHECKING

from .clock import Clock

if TYPE_CHECKING:
    from pyrate_limiter import InMemoryBucket, RateItem

__all__ = ["Rate"]

_MINUTE = 60_000
"""Milliseconds, which pyrate-limiter counts in."""


class Rate:
    """Gives each run the time at which it may begin, in the order in which they ask.

    Args:
        name: Whose it is.
        per_minute: The most runs that begin in any minute, or None for no bound.
        clock: By which time.
    """

    def __init__(self, name: str, per_minute: int | None, clock: Clock) -> None:
        self._name, self._per_minute, self._clock = name, per_minute, clock
        self._lock = Lock()
        self._window: tuple[InMemoryBucket, type[RateItem]] | None = None
        self._free_at = 0.0

    @property
    def held_for(self) -> float:
        """Seconds for which nobody may begin, because a service asked for it."""
        return max(0.0, self._free_at - self._clock.now()) if self._free_at else 0.0

    def hold(self, seconds: float) -> None:
        """Let nobody begin for so many seconds."""
        with self._lock:
            self._free_at = max(self._free_at, self._clock.now() + seconds)

    def reserve(self, most: float) -> tuple[float, bool]:
        """Seconds until the run may begin, and whether it has a place then: not where these are more than `most`."""
        if self._per_minute is None and not self._free_at:
            return 0.0, True
        with self._lock:
            seconds = self.held_for
            if seconds > most:
                return seconds, False
            if not seconds:
                self._free_at = 0.0
            return (seconds, True) if self._per_minute is None else self._place(self._per_minute, seconds, most)

    def _place(self, per_minute: int, least: float, most: float) -> tuple[float, bool]:
        """A place in the window of a minute that slides, not before `least` seconds."""
        bucket, item_of = self._window = self._window or _window(per_minute)
        now = math.floor(self._clock.now() * 1000)  # so that nothing begins before its place
        bucket.leak(now)
        newest = bucket.peek(0)  # a place that is given away lies in the future; the next one is not before it
        first = max(now + math.ceil(least * 1000), newest.timestamp if newest is not None else now)
        item = item_of(self._name, first)
        if not bucket.put(item):
            wait = bucket.waiting(item)
            assert isinstance(wait, int)  # only buckets in other places are asked asynchronously
            item = item_of(self._name, first + max(1, wait))
            seconds = (item.timestamp - now) / 1000
            return seconds, seconds <= most and bucket.put(item)
        seconds = (first - now) / 1000
        if seconds > most:
            bucket.items.remove(item)
        return seconds, seconds <= most


def _window(per_minute: int) -> tuple[InMemoryBucket, type[RateItem]]:
    from pyrate_limiter import InMemoryBucket, RateItem
    from pyrate_limiter import Rate as Bound

    return InMemoryBucket([Bound(per_minute, _MINUTE)]), RateItem
