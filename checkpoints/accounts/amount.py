"""Amount: a spend as the whole numbers that databases add up exactly."""

from __future__ import annotations

from typing import NamedTuple

from ...contracts import Spend

__all__ = ["COLUMNS", "Amount"]

_NANO = 10**9
_MICRO = 10**6


class Amount(NamedTuple):
    """A spend in whole numbers, which add up without rounding."""

    tokens: int = 0
    """Tokens."""
    nano_usd: int = 0
    """Billionths of a US dollar."""
    microseconds: int = 0
    """Millionths of a second."""
    steps: int = 0
    """Attempts."""

    @classmethod
    def of(cls, spend: Spend) -> Amount:
        """A spend; below a billionth of a dollar and a millionth of a second it is rounded."""
        return cls(spend.tokens, round(spend.usd * _NANO), round(spend.seconds * _MICRO), spend.steps)

    @property
    def spend(self) -> Spend:
        """The same as a spend."""
        return Spend(int(self.tokens), int(self.nano_usd) / _NANO, int(self.microseconds) / _MICRO, int(self.steps))

    def minus(self, other: Amount) -> Amount:
        """The difference; below 0 where less was spent than set aside."""
        return Amount(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


COLUMNS = Amount._fields
"""The columns of a table that hold an amount."""
