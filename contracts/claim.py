"""Claim: what one agent holds to be the value of one field, and how sure it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .evidence import Evidence

__all__ = ["Claim"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One agent's opinion about one field. An agent writes the first five; the guard adds the rest.

    A recorded claim holds its value as plain JSON data; the claim that an agent makes may hold any
    value that the field's type accepts.
    """

    field: str
    """Name of the field that the claim is about."""
    value: Any
    """The claimed value."""
    confidence: float
    """The agent's probability that the value is right, in [0, 1]."""
    evidence: tuple[Evidence, ...] = ()
    """Where the value was seen."""
    reason: str = ""
    """One line for the person who reviews: why this value."""
    agent: str = ""
    """Name of the agent that claims. Added by the guard."""
    version: str = ""
    """Version of that agent's contract. Added by the guard."""
    basis: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Versions of the decisions that the agent read, by field. Added by the guard."""
    person: str = ""
    """The person who decided it, where the agent is a team that asked one. Such a claim outvotes those of agents."""
    sequence: int = 0
    """Position among the claims of one run of the agent, from 0. Added by the guard."""
