"""Circuit: purgatory's circuit breaker by a clock that is given, with one probe at a time."""

from __future__ import annotations

import logging

from purgatory.domain.model import CLOSED, HALF_OPENED, OPENED, Context, HalfOpenedState, State

from .clock import Clock

__all__ = ["CLOSED", "HALF_OPENED", "OPENED", "Circuit"]

_log = logging.getLogger(__name__)


class Circuit(Context):
    """A circuit that opens after failures in a row, and after a time lets one call through to try.

    A call that tries keeps the others out for as long as the circuit stays open, and no longer: one that never comes
    back, in a thread that hangs, does not keep it open for ever.

    Not thread-safe: the breaker around it takes a lock.

    Args:
        name: Whose circuit it is, for the log.
        failures: Failures in a row that open it.
        cooldown: Seconds that it stays open.
        clock: By which time.
    """

    def __init__(self, name: str, failures: int, cooldown: float, clock: Clock) -> None:
        super().__init__(name, failures, cooldown)
        self._clock = clock
        self._until = 0.0
        self.probing = False
        """Whether the call that tries is on its way."""
        self._tries_until = 0.0

    @property
    def left(self) -> float:
        """Seconds until a call may try, while it is open."""
        return max(0.0, self._until - self._clock.now()) if self.state == OPENED else 0.0

    def set_state(self, state: State) -> None:
        """Go over to another state, and tell the log."""
        super().set_state(state)
        self.messages.clear()  # for listeners that there are none of
        if self.state == OPENED:
            self._until = self._clock.now() + self.ttl
            _log.warning("circuit breaker of %s: open for %.3g s", self.name, self.ttl)
        else:
            _log.info("circuit breaker of %s: %s", self.name, self.state)

    def admits(self) -> bool:
        """Whether a call may go through now; in the half-open state it is the one that tries."""
        if self.state == OPENED and self.left <= 0:
            self.set_state(HalfOpenedState())
        if self.state == HALF_OPENED:
            now = self._clock.now()
            if self.probing and now < self._tries_until:
                return False
            self.probing, self._tries_until = True, now + self.ttl
        return self.state != OPENED
