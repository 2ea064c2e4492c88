"""Figures: how good predicted confidences are, from confidence and rightness of each prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

__all__ = ["aurc", "coverage_at_risk", "expected_calibration_error"]

Predictions = Sequence[tuple[float, bool]]
"""Confidence in [0, 1], and whether it was right."""


def expected_calibration_error(predictions: Predictions, bins: int = 10) -> float:
    """Mean distance of confidence and share right over bins of equal width, weighted by their size; 0 for none.

    Naeini et al., "Obtaining well calibrated probabilities" (2015). A confidence of 1 is in the last bin.
    """
    parts: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in predictions:
        parts.setdefault(min(int(confidence * bins), bins - 1), []).append((confidence, right))
    gaps = (abs(math.fsum(p for p, _ in part) - sum(right for _, right in part)) for part in parts.values())
    return math.fsum(gaps) / len(predictions) if predictions else 0.0


def coverage_at_risk(predictions: Predictions, risk: float) -> float:
    """The largest share of predictions, the surest first, of which at most `risk` are wrong; 0 where there is none.

    Predictions of one confidence are taken together, as a threshold takes them.
    """
    taken = wrong = best = 0
    for _, level in groupby(sorted(predictions, key=lambda each: -each[0]), key=lambda each: each[0]):
        for _, right in level:
            taken += 1
            wrong += not right
        if wrong <= risk * taken + 1e-9:
            best = taken
    return best / len(predictions) if predictions else 0.0


def aurc(predictions: Predictions) -> float:
    """Area under the risk-coverage curve: the mean, over all n, of the share wrong of the n surest; 0 for none.

    El-Yaniv and Wiener (2010). Predictions of one confidence count with the mean of their level, in any order.
    """
    taken, wrong, risks = 0, 0.0, []
    for _, level in groupby(sorted(predictions, key=lambda each: -each[0]), key=lambda each: each[0]):
        rights = [right for _, right in level]
        share = rights.count(False) / len(rights)
        for _ in rights:
            taken += 1
            wrong += share
            risks.append(wrong / taken)
    return math.fsum(risks) / len(risks) if risks else 0.0
