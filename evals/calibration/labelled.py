"""Labelled: what the agents claimed of one field of one request, and what was right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...contracts import Claim, Field

__all__ = ["UNKNOWN", "Labelled", "Stated"]

UNKNOWN = object()
"""Stands for a right value that nobody has said."""


@dataclass(frozen=True, slots=True)
class Stated:
    """One claim, as it is calibrated."""

    agent: str
    """Who claims."""
    key: str
    """The canonical text of the value."""
    confidence: float
    """The stated confidence, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What the agents claimed of one field of one request, and what was right."""

    field: str
    """Name of the field."""
    claims: tuple[Stated, ...]
    """What was claimed."""
    truth: str | None = None
    """The canonical text of the right value, which need not be among the claimed ones; None where it is not known."""
    context: str = ""
    """The context of the request."""

    @classmethod
    def of(cls, field: Field, claims: Iterable[Claim], value: Any = UNKNOWN, context: str = "") -> Labelled:
        """The claims on a field, with its right value as plain JSON data; None for a field that must stay empty."""
        stated = tuple(Stated(claim.agent, field.key(claim.value), claim.confidence) for claim in claims)
        truth = None if value is UNKNOWN else "" if value is None else field.key(value)
        return cls(field.name, stated, truth, context)
