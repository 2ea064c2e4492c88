"""Contract: what an agent reads and writes, what it can do, and within which limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from .errors import ContractError

__all__ = ["Capability", "Contract", "Limits"]

Capability = Literal["retrieval", "extraction", "transformation", "reasoning", "action"]
"""What an agent is for. `action` alone may propose effects."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one run of an agent."""

    attempts: int = 3
    """Attempts before the agent is given up, the first included; at least 1."""
    backoff: float = 0.5
    """Seconds before the second attempt; doubled before each later one, plus up to a second of jitter."""
    timeout: float | None = None
    """Seconds that one attempt may take, waiting included, or None for no bound. Needs an async agent."""
    idle_timeout: float | None = None
    """Seconds that one attempt may go without a sign of progress, or None for no bound. Needs an async agent."""
    wait: float = 60.0
    """The most seconds that an attempt waits: in a queue, for a rate limit, or as long as a service asks for."""
    concurrency: int | None = None
    """The most runs of the agent at the same time, at least 1, or None for no bound."""
    queue: int = 100
    """The most runs of the agent that wait for their turn at the same time; at least 0."""
    per_minute: int | None = None
    """The most runs of the agent that begin in any minute, at least 1, or None for no bound."""
    breaker: int | None = 5
    """Failures of the outside world in a row after which the agent is not called for a while; None for never."""
    cooldown: float = 30.0
    """Seconds for which it is not called then, before one call tries again."""
    repairs: int = 1
    """How often an agent that can repair an answer which broke its contract is asked to; at least 0."""
    cache: float | None = None
    """Seconds for which an answer to the same inputs is taken again, or None for never. Not for action agents."""
    claims: int = 1_000
    """The most claims and effects that one run may return; at least 1."""
    size: int = 16_000_000
    """The most bytes of JSON text that these may take together; at least 1."""
    tokens: int | None = None
    """Tokens that one attempt may take, those sent and those received; set aside before it where the policy has a
    budget of tokens. None where it is not known: then the most that a run took before in the thread is."""
    usd: float | None = None
    """US dollars that one attempt may take; the same."""

    def __post_init__(self) -> None:
        for name, least in _COUNTS.items():
            value = getattr(self, name)
            if value is None and name in _OPTIONAL:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                optional = ", or None" if name in _OPTIONAL else ""
                raise _limit(name, value, f"an integer >= {least}{optional}")
        for name in ("backoff", "wait"):
            if not _is_seconds(getattr(self, name)):
                raise _limit(name, getattr(self, name), "seconds >= 0")
        for name in ("timeout", "idle_timeout", "cache"):
            value = getattr(self, name)
            if value is not None and not (_is_seconds(value) and value > 0):
                raise _limit(name, value, "seconds > 0, or None")
        if self.usd is not None and not _is_seconds(self.usd):
            raise _limit("usd", self.usd, "US dollars >= 0, or None")
        if not _is_seconds(self.cooldown) or not self.cooldown > 0:
            raise _limit("cooldown", self.cooldown, "seconds > 0")

    @property
    def timed(self) -> bool:
        """Whether an attempt is ended from outside, which needs an async agent."""
        return self.timeout is not None or self.idle_timeout is not None


_COUNTS: Mapping[str, int] = {
    "attempts": 1,
    "concurrency": 1,
    "queue": 0,
    "per_minute": 1,
    "breaker": 1,
    "repairs": 0,
    "claims": 1,
    "size": 1,
    "tokens": 0,
}
_OPTIONAL = frozenset({"concurrency", "per_minute", "breaker", "tokens"})


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _limit(name: str, got: object, expected: str) -> ContractError:
    return ContractError(f"Limits.{name}", got=repr(got), expected=expected, fix="correct it")


@dataclass(frozen=True, slots=True)
class Contract:
    """What an agent promises. The graph is derived from the contracts; nobody draws edges."""

    name: str
    """Name of the agent, and of its node in the graph; unique in a team."""
    reads: frozenset[str]
    """Fields that it needs: of the request, of the outcome, or `messages`, or `others` (see `others_of`)."""
    writes: frozenset[str]
    """Fields that it may make claims about."""
    capability: Capability
    """What it is for."""
    version: str = "0.0.0"
    """Version of the agent; recorded with each of its claims."""
    tier: int = 0
    """Cost class. A tier runs only where the cheaper tiers did not settle the field."""
    limits: Limits = Limits()
    """Bounds of one run."""
    owner: str = ""
    """Who answers for it: a team or a person."""
    confidence: float = 0.5
    """Confidence given to a value that comes without one (a dict, a model's output), in [0, 1]."""
    provider: str = ""
    """Whose service it calls, such as `openai`: agents of one provider share a circuit breaker and queues."""
    instead_of: str = ""
    """The agent whose place it takes where that one ended in a fault; empty for an agent of its own."""
    types: Mapping[str, Any] = field(default_factory=dict)
    """The Python type of what it reads and writes, by field, where it is known; checked when the graph is built."""

    def __post_init__(self) -> None:
        where = f"contract of agent {self.name!r}"
        if not _NAME.fullmatch(self.name):
            raise ContractError(
                where,
                got=f"name {self.name!r}",
                expected="a letter, then letters, digits, '_', '.' or '-'",
                fix="rename the agent",
            )
        if self.capability not in get_args(Capability):
            raise ContractError(
                where,
                got=f"capability {self.capability!r}",
                expected=f"one of {', '.join(get_args(Capability))}",
                fix="correct the capability",
            )
        if not self.writes:
            raise ContractError(
                where, got="no written field", expected="at least one", fix="name in `writes` the fields that it claims"
            )
        if not 0 <= self.confidence <= 1:
            raise ContractError(
                where, got=f"confidence {self.confidence!r}", expected="a number in [0, 1]", fix="correct it"
            )
        if not isinstance(self.tier, int) or self.tier < 0:
            raise ContractError(where, got=f"tier {self.tier!r}", expected="an integer >= 0", fix="correct the tier")
        if self.limits.cache is not None and self.capability == "action":
            raise ContractError(
                where,
                got=f"an action agent with limits.cache={self.limits.cache}",
                expected="no cache, because what it proposes happens in the world",
                fix="take `cache` out of its limits",
            )
        object.__setattr__(self, "reads", _names(where, "reads", self.reads))
        object.__setattr__(self, "writes", _names(where, "writes", self.writes))
        object.__setattr__(self, "types", MappingProxyType(dict(self.types)))


def _names(where: str, key: str, names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):
        raise ContractError(
            where, got=f"{key}={names!r}", expected="a set of field names", fix=f"write {key}={{{names!r}}}"
        )
    return frozenset(names)
