"""Spend: tokens, US dollars, seconds and steps that were spent, or are to be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["UNITS", "Spend", "Unit"]

Unit = Literal["tokens", "usd", "seconds", "steps"]
"""What is counted.

`tokens`: sent to models and back. `usd`: US dollars. `seconds`: that agents ran; of two side by side both count.
`steps`: attempts of agents.
"""

UNITS: tuple[Unit, ...] = get_args(Unit)

_NANO = 9
"""Digits after the point: sums of many small prices stay exact to a billionth of a dollar."""


@dataclass(frozen=True, slots=True)
class Spend:
    """An amount of each unit."""

    tokens: int = 0
    """Tokens, those sent and those received."""
    usd: float = 0.0
    """US dollars, to a billionth."""
    seconds: float = 0.0
    """Seconds, to a billionth."""
    steps: int = 0
    """Attempts of agents."""

    def __add__(self, other: Spend) -> Spend:
        return Spend(
            self.tokens + other.tokens,
            round(self.usd + other.usd, _NANO),
            round(self.seconds + other.seconds, _NANO),
            self.steps + other.steps,
        )

    def __sub__(self, other: Spend) -> Spend:
        return self + Spend(-other.tokens, -other.usd, -other.seconds, -other.steps)

    def of(self, unit: Unit) -> float:
        """The amount of one unit."""
        amount: float = getattr(self, unit)
        return amount

    def most(self, other: Spend) -> Spend:
        """The larger amount of each unit."""
        return Spend(
            max(self.tokens, other.tokens),
            max(self.usd, other.usd),
            max(self.seconds, other.seconds),
            max(self.steps, other.steps),
        )

    @classmethod
    def total(cls, amounts: Iterable[Spend]) -> Spend:
        """The sum; nothing for none."""
        return sum(amounts, cls())
