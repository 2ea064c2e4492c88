"""Domain: which values a term of a condition can have."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

__all__ = ["ANYTHING", "Domain", "Kind"]

Kind = Literal["number", "text", "bool", "null", "list", "map"]
"""The kinds of values that conditions tell apart; dates are text, and all numbers are one kind."""

_KINDS: frozenset[Kind] = frozenset({"number", "text", "bool", "null", "list", "map"})


@dataclass(frozen=True, slots=True)
class Domain:
    """Which values a term can have."""

    kinds: frozenset[Kind] = _KINDS
    """Of which kinds."""
    least: float = -math.inf
    """Of numbers the least."""
    most: float = math.inf
    """Of numbers the greatest."""
    whole: bool = False
    """Whether numbers are integers."""
    only: tuple[Any, ...] | None = None
    """The values themselves, where they can be listed."""

    def candidates(self, constants: Iterable[Any]) -> list[Any]:
        """Values of which one satisfies any comparisons with these constants that a value of the domain can satisfy.

        The constants themselves, and between, below and above them one each, of every kind.
        """
        if self.only is not None:
            return list(self.only)
        given = list(constants)
        found: list[Any] = []
        if "number" in self.kinds:
            found += self._numbers(given)
        if "text" in self.kinds:
            texts = [each for each in given if isinstance(each, str)]
            found += ["", *texts, *(f"{each}\0" for each in texts)]  # \0: right after it, before any other text
        if "bool" in self.kinds:
            found += [True, False]
        if "null" in self.kinds:
            found.append(None)
        if "list" in self.kinds:
            found.append(())
        if "map" in self.kinds:
            found.append(frozenset())
        return found

    def _numbers(self, given: list[Any]) -> list[float]:
        numbers = [each for each in given if isinstance(each, int | float) and not isinstance(each, bool)]
        marks = sorted({*numbers, *(each for each in (self.least, self.most) if math.isfinite(each))} or {0})
        between = [(low + high) / 2 for low, high in pairwise(marks)]
        found = [marks[0] - 1, *marks, *between, marks[-1] + 1]
        if self.whole:
            found = [turned for each in found for turned in (math.floor(each), math.ceil(each))]
            found += [each + step for each in found for step in (-1, 1)]
        return [each for each in found if self.least <= each <= self.most]


ANYTHING = Domain()
"""A term of which nothing is known."""
