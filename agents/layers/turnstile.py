"""Turnstile: who waits, and who may go next, where so many may be inside at the same time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from threading import Event, Lock

__all__ = ["Turnstile"]

Wake = Callable[[], object]


class _Ticket:
    """One that waits."""

    __slots__ = ("admitted", "wake")

    def __init__(self, wake: Wake) -> None:
        self.wake = wake
        self.admitted = False


class Turnstile:
    """Lets at most so many in at the same time, first come, first served, from threads and event loops alike.

    Args:
        inside: The most that are inside, or None for no bound.
        outside: The most that wait.
    """

    def __init__(self, inside: int | None, outside: int) -> None:
        self._most, self._outside = inside, outside
        self._lock = Lock()
        self._line: deque[_Ticket] = deque()
        self.running = 0
        """How many are inside."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def enter(self, seconds: float) -> bool:
        """Go in, in this thread, after waiting for at most so many seconds; whether one is inside.

        Raises:
            OverflowError: As many wait as may.
        """
        event = Event()
        ticket = self._admit(event.set)
        if ticket is None:
            return True
        try:
            event.wait(seconds)
        except BaseException:
            self._cut_short(ticket)
            raise
        return not self._gave_up(ticket)

    async def aenter(self, seconds: float, beat: Callable[[], None], rhythm: float) -> bool:
        """The same in an event loop; `beat` is called every `rhythm` seconds while it waits."""
        if self._goes_in():
            return True
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        ticket = self._admit(lambda: loop.call_soon_threadsafe(_set, woken))
        if ticket is None:
            return True
        until = loop.time() + seconds
        try:
            while not woken.done() and (left := until - loop.time()) > 0:
                await asyncio.wait({woken}, timeout=min(left, rhythm))
                beat()
        except BaseException:
            self._cut_short(ticket)
            raise
        return not self._gave_up(ticket)

    def leave(self) -> None:
        """Go out, and let the next one in."""
        with self._lock:
            while self._line:
                ticket = self._line.popleft()
                ticket.admitted = True
                try:
                    ticket.wake()
                except RuntimeError:  # its event loop is closed
                    continue
                return
            self.running -= 1

    def _goes_in(self) -> bool:
        with self._lock:
            if self._most is None or (self.running < self._most and not self._line):
                self.running += 1
                return True
        return False

    def _admit(self, wake: Wake) -> _Ticket | None:
        """The place in the line, or None for one that is inside at once."""
        if self._goes_in():
            return None
        with self._lock:
            if self.running < (self._most or 0) and not self._line:  # one went out in between
                self.running += 1
                return None
            if len(self._line) >= self._outside:
                raise OverflowError
            self._line.append(ticket := _Ticket(wake))
            return ticket

    def _cut_short(self, ticket: _Ticket) -> None:
        if not self._gave_up(ticket):
            self.leave()

    def _gave_up(self, ticket: _Ticket) -> bool:
        """Leave the line; False for one that was let in meanwhile."""
        with self._lock:
            if ticket.admitted:
                return False
            self._line.remove(ticket)
            return True


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
