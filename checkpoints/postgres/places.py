"""Places: places in the log that the database has given to this process, to use soon."""

from __future__ import annotations

import time

__all__ = ["BLOCK", "Places"]

BLOCK = 1024
"""How many places the database gives at a time: the step of its sequence."""

_FRESH = 1.0
"""For how many seconds they are used; after that they would sort new events before those of other processes."""


class Places:
    """Places in the log that the database has given to this process, to use soon."""

    def __init__(self) -> None:
        self._next = self._end = 0
        self._until = 0.0

    def has(self, count: int, above: int) -> bool:
        """Whether so many are there, all above a place."""
        return self._next + count <= self._end and self._next > above and time.monotonic() < self._until

    @property
    def low(self) -> bool:
        """Whether it is time for a new block."""
        return self._end - self._next < BLOCK // 2 or time.monotonic() > self._until - _FRESH / 2

    def renew(self, first: int) -> None:
        """Go on with the block that begins with this place."""
        self._next, self._end = first, first + BLOCK
        self._until = time.monotonic() + _FRESH

    def take(self, count: int) -> range:
        """The next ones; `has` must have said that they are there."""
        taken = range(self._next, self._next + count)
        self._next += count
        return taken
