"""Usage: what one run of an agent took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of an agent took. A model-backed agent yields one with its tokens; the guard adds the rest."""

    model: str = ""
    """Name of the model that was called, or empty."""
    input_tokens: int = 0
    """Tokens sent to the model."""
    output_tokens: int = 0
    """Tokens that came back."""
    agent: str = ""
    """Name of the agent. Added by the guard."""
    basis: Mapping[str, int] = field(default_factory=dict)
    """Versions of the decisions that the agent read. Added by the guard."""
    attempts: int = 1
    """Attempts that were made, the last one included. Added by the guard."""
    seconds: float = 0.0
    """Wall time of the last attempt, in seconds. Added by the guard."""
    claims: int = 0
    """Claims that were made; 0 means that the agent abstained. Added by the guard."""
