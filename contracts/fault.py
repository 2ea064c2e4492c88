"""Fault: a failure that was caught, recorded and survived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Fault", "FaultKind"]

FaultKind = Literal["request", "contract", "error", "timeout", "effect"]
"""What failed.

`request`: the input was refused at the entry. `contract`: an agent's input or output broke its contract.
`error`: the agent raised. `timeout`: the agent ran out of time. `effect`: a receiver refused or failed.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure that was caught. It names who failed, on which attempt, and the first thing to try."""

    agent: str
    """Name of the agent or node that failed."""
    kind: FaultKind
    """What failed."""
    attempt: int
    """The attempt that failed, from 1."""
    message: str
    """What happened, in the words of the error."""
    fix: str
    """The first thing to try."""
    basis: Mapping[str, int] = field(default_factory=dict)
    """Versions of the decisions that the agent read."""
