"""Fault: a failure that was caught, recorded and survived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Fault", "FaultKind"]

FaultKind = Literal[
    "request",
    "contract",
    "error",
    "timeout",
    "effect",
    "rate",
    "unavailable",
    "budget",
    "guardrail",
    "progress",
]
"""What failed.

`request`: the input was refused at the entry. `contract`: an agent's input or output broke its contract.
`error`: the agent raised. `timeout`: the agent ran out of time. `effect`: a receiver refused or failed.
`rate`: a rate limit is reached, the service's or the agent's own, for longer than the agent may wait.
`unavailable`: the agent was not called, because its circuit breaker is open or its queue is full.
`budget`: what the agent would take is more than what is left of a budget. `guardrail`: a guardrail fired.
`progress`: agents run without getting anywhere.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure that was caught. It names who failed, on which attempt, and the first thing to try."""

    agent: str
    """Name of the agent or node that failed."""
    kind: FaultKind
    """What failed."""
    attempt: int
    """The attempt that failed, from 1; 0 where there was no budget for any."""
    message: str
    """What happened, in the words of the error."""
    fix: str
    """The first thing to try."""
    basis: Mapping[str, int] = field(default_factory=dict)
    """Versions of the decisions that the agent read."""
    code: str = ""
    """A short reason code, such as `breaker_open`, for rules and counts; empty where the kind says it all."""
    fields: tuple[str, ...] = ()
    """Fields that are not decided without a person because of it, while it is about what the agent read last."""

    @property
    def is_failure(self) -> bool:
        """Whether the run gave nothing because of it; else it gave something that a person must look at."""
        return not self.fields
