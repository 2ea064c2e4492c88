"""Traffic: the circuit breakers, the queues and the cache that the calls of a team go through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.cache.base import BaseCache

from ...contracts import Limits, Service
from ..agent import Agent
from .breaker import Breaker, Breakers
from .cached import Cached
from .clock import Clock, SystemClock
from .layer import Layer
from .queue import Queue, Queues
from .recent import RecentAnswers
from .repair import Repairing
from .traffic_state import TrafficState

__all__ = ["Traffic"]

_ANSWERS = 10_000
"""Answers that are kept in memory where no other cache is given."""


class Traffic:
    """What the calls of agents go through, with the state that outlives a run: in this process, and not stored.

    A team makes one of its own. Teams to which the same one is given share the breakers and queues of providers.

    Args:
        providers: The bounds on the services that agents name as their `provider`; the defaults of `Service` for the
            others.
        cache: Where answers are kept of agents with `limits.cache`: any cache of LangGraph's; by default in memory.
        clock: By which time; by default the event loop's, or else the machine's.
    """

    def __init__(
        self,
        providers: Mapping[str, Service] | None = None,
        *,
        cache: BaseCache[Any] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self._terms = dict(providers or {})
        self._cache = cache if cache is not None else RecentAnswers(_ANSWERS, self.clock)
        self._breakers: dict[str, Breaker] = {}
        self._queues: dict[str, Queue] = {}

    @property
    def state(self) -> TrafficState:
        """How the breakers and queues stand now."""
        return TrafficState(
            breakers=tuple(self._breakers[name].state for name in sorted(self._breakers)),
            queues=tuple(self._queues[name].state for name in sorted(self._queues)),
        )

    def outer(self, agent: Agent) -> Sequence[Layer]:
        """The layers outside of an agent's budget: the cache."""
        seconds = agent.contract.limits.cache
        return [Cached(agent, seconds, self._cache)] if seconds is not None else []

    def inner(self, agent: Agent) -> Sequence[Layer]:
        """The layers inside of an agent's budget: queues, breakers, repair."""
        limits, provider = agent.contract.limits, agent.contract.provider
        parties: list[tuple[str, Limits | Service]] = [(f"agent {agent.name}", limits)]
        if provider:
            parties.append((f"provider {provider}", self._terms.get(provider) or Service()))
        layers: list[Layer] = [Queues([self._queue(*party) for party in parties], limits)]
        breakers = [each for party in reversed(parties) if (each := self._breaker(*party)) is not None]
        if breakers:
            layers.append(Breakers(breakers))
        if agent.repairs and limits.repairs:
            layers.append(Repairing(limits.repairs))
        return layers

    def _queue(self, name: str, terms: Limits | Service) -> Queue:
        return self._queues.setdefault(name, Queue(name, terms, self.clock))

    def _breaker(self, name: str, terms: Limits | Service) -> Breaker | None:
        if terms.breaker is None:
            return None
        return self._breakers.setdefault(name, Breaker(name, terms.breaker, terms.cooldown, self.clock))
