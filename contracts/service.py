"""Service: what the agents of one provider may do together."""

from __future__ import annotations

from dataclasses import dataclass

from .contract import Limits

__all__ = ["Service"]


@dataclass(frozen=True, slots=True)
class Service:
    """The bounds on all calls of one provider, whichever agents make them."""

    concurrency: int | None = None
    """The most runs at the same time, at least 1, or None for no bound."""
    queue: int = 1_000
    """The most runs that wait for their turn at the same time; at least 0."""
    per_minute: int | None = None
    """The most runs that begin in any minute, at least 1, or None for no bound."""
    breaker: int | None = 10
    """Failures of the outside world in a row after which it is not called for a while; None for never."""
    cooldown: float = 30.0
    """Seconds for which it is not called then, before one call tries again."""

    def __post_init__(self) -> None:
        Limits(
            concurrency=self.concurrency,
            queue=self.queue,
            per_minute=self.per_minute,
            breaker=self.breaker,
            cooldown=self.cooldown,
        )
