"""Traffic state: how the circuit breakers and queues of a team stand at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["BreakerState", "QueueState", "TrafficState"]


@dataclass(frozen=True, slots=True)
class BreakerState:
    """How one circuit breaker stands."""

    name: str
    """Whose it is: `agent reader` or `provider openai`."""
    state: Literal["closed", "open", "half-open"]
    """`closed`: calls go through. `open`: none does. `half-open`: the next one tries, or is trying."""
    failures: int
    """Failures in a row that it has seen; of an open one those that opened it."""
    retry_in: float
    """Seconds until a call may try; 0 where one may now."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """How one queue stands."""

    name: str
    """Whose it is: `agent reader` or `provider openai`."""
    running: int
    """Runs that are under way."""
    waiting: int
    """Runs that wait for their turn, or for a rate limit."""
    concurrency: int | None
    """The most runs at the same time, or None."""
    per_minute: int | None
    """The most runs that begin in a minute, or None."""
    held_for: float
    """Seconds for which the service asked to be left alone, as far as they are not over."""


@dataclass(frozen=True, slots=True)
class TrafficState:
    """How the circuit breakers and queues of a team stand at one moment."""

    breakers: tuple[BreakerState, ...]
    """Of each agent and provider that has one."""
    queues: tuple[QueueState, ...]
    """Of each agent and provider."""
