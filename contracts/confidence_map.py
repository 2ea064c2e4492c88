"""Confidence map: from the confidence that an agent states to how often it is right when it states that."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["ConfidenceMap", "log_odds"]

_CERTAINTY = 0.99

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def log_odds(probability: float) -> float:
    """log(p / (1 - p)), of p clipped to [0.01, 0.99]."""
    clipped = min(max(probability, 1 - _CERTAINTY), _CERTAINTY)
    return math.log(clipped / (1 - clipped))


class ConfidenceMap(BaseModel):
    """From the confidence that an agent states to a calibrated one. It never falls where the stated one rises.

    `platt`: 1 / (1 + exp(-(intercept + slope * log(p / (1 - p))))), with p clipped to [0.01, 0.99] (Platt 1999).
    `isotonic`: straight lines between the points, flat outside them (Zadrozny and Elkan 2002).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["platt", "isotonic"]
    """Its form."""
    intercept: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    """Of `platt`."""
    slope: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """Of `platt`; not negative."""
    points: tuple[tuple[Probability, Probability], ...] = ()
    """Of `isotonic`: stated and calibrated, both rising."""

    @model_validator(mode="after")
    def _check_points(self) -> Self:
        if self.kind == "isotonic" and not self.points:
            raise ValueError("an isotonic map needs at least one point")
        if any(second[0] <= first[0] or second[1] < first[1] for first, second in pairwise(self.points)):
            raise ValueError("the points of a map must rise")
        return self

    def __call__(self, stated: float) -> float:
        """The calibrated confidence, in [0, 1]."""
        if self.kind == "platt":
            score = self.intercept + self.slope * log_odds(stated)
            return 1 / (1 + math.exp(-score)) if score >= 0 else math.exp(score) / (1 + math.exp(score))
        place = bisect_left(self.points, stated, key=lambda point: point[0])
        if place == 0:
            return self.points[0][1]
        if place == len(self.points):
            return self.points[-1][1]
        (left, low), (right, high) = self.points[place - 1], self.points[place]
        return low + (high - low) * (stated - left) / (right - left)
