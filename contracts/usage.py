"""Usage: what one run of an agent took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .spend import Spend

__all__ = ["Usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of an agent took, all its attempts together; the guard adds what the agent does not say itself.

    The guard counts what LangChain's chat models used. Where the agent says that it used more, its word counts.
    """

    model: str = ""
    """Name of the model that was called, or empty; the last one where there were several."""
    input_tokens: int = 0
    """Tokens sent to the model, those that it had in its cache included."""
    output_tokens: int = 0
    """Tokens that came back."""
    agent: str = ""
    """Name of the agent. Added by the guard."""
    basis: Mapping[str, int] = field(default_factory=dict)
    """Versions of the decisions that the agent read. Added by the guard."""
    attempts: int = 1
    """Attempts that were made, the last one included. Added by the guard."""
    seconds: float = 0.0
    """Wall time of all attempts, without the waits between them, in seconds. Added by the guard."""
    claims: int = 0
    """Claims that were made; 0 means that the agent abstained, or failed. Added by the guard."""
    cached_tokens: int = 0
    """Of the tokens sent, those that the provider read from its cache."""
    cache_write_tokens: int = 0
    """Of the tokens sent, those that the provider wrote to its cache."""
    usd: float | None = None
    """US dollars; None where there is no price for the model. Added by the guard where the agent does not say it."""
    failed: bool = False
    """Whether the run ended in a fault. Added by the guard."""
    cached: bool = False
    """Whether an earlier answer was taken again, and nothing was called. Added by the guard."""

    @property
    def spent(self) -> Spend:
        """What it counts for in a budget; without a price, no dollars."""
        return Spend(self.input_tokens + self.output_tokens, self.usd or 0.0, self.seconds, self.attempts)

    @property
    def unpriced(self) -> bool:
        """Whether it used tokens that nobody knows the price of."""
        return self.usd is None and self.input_tokens + self.output_tokens > 0
