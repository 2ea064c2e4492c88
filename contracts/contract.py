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
    """Seconds that one attempt may take, or None for no bound. Needs an async agent."""
    claims: int = 1_000
    """The most claims and effects that one run may return; at least 1."""

    def __post_init__(self) -> None:
        for name in ("attempts", "claims"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise _limit(name, value, "an integer >= 1")
        if not isinstance(self.backoff, int | float) or not self.backoff >= 0:
            raise _limit("backoff", self.backoff, "seconds >= 0")
        if self.timeout is not None and (not isinstance(self.timeout, int | float) or not self.timeout > 0):
            raise _limit("timeout", self.timeout, "seconds > 0, or None")


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
        object.__setattr__(self, "reads", _names(where, "reads", self.reads))
        object.__setattr__(self, "writes", _names(where, "writes", self.writes))
        object.__setattr__(self, "types", MappingProxyType(dict(self.types)))


def _names(where: str, key: str, names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):
        raise ContractError(
            where, got=f"{key}={names!r}", expected="a set of field names", fix=f"write {key}={{{names!r}}}"
        )
    return frozenset(names)
