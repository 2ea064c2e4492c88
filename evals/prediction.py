"""Prediction: what the system under test made of one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Prediction", "Target"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the system under test made of one request."""

    values: Mapping[str, Any]
    """The leading value by field, settled or not."""
    settled: frozenset[str] = frozenset()
    """Fields whose value stands without a person."""
    confidence: Mapping[str, float] = field(default_factory=dict)
    """Probability of the value by field, in [0, 1]."""
    status: str = ""
    """How the run ended, in the target's own words."""


Target = Callable[[dict[str, Any]], Awaitable[Prediction]]
"""The system under test: from a request to a prediction. It may raise; the case is then recorded as failed."""
