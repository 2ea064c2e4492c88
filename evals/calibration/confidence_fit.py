"""Confidence fit: an agent's map from stated to calibrated confidence, of the form that predicts best."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import isotonic_regression, minimize

from ...contracts import ConfidenceMap
from .table import Floats

__all__ = ["fit_confidence"]

_Fit = Callable[[Floats, Floats], ConfidenceMap]
_FEWEST = 30
"""Fewer labelled claims give no map."""
_FOLDS = 5


def fit_confidence(stated: Floats, right: Floats) -> ConfidenceMap | None:
    """Platt's curve or an isotonic map, whichever has the smaller cross-validated log loss; None where neither helps.

    Nor is there one where fewer than 30 claims are labelled, or all are stated with one confidence. Five folds, by the
    order of the stated confidences, so that the same claims give the same map.

    Args:
        stated: The stated confidences of the agent's labelled claims.
        right: Whether each was right, 0 or 1.
    """
    if len(stated) < _FEWEST or len(set(stated)) < 3 or right.min() == right.max():
        return None
    order = np.lexsort((right, stated))
    stated, right = stated[order], right[order]
    fold = np.arange(len(stated)) % _FOLDS
    best: tuple[float, _Fit | None] = (_loss(stated, right), None)
    for fit in (_platt, _isotonic):
        fitted = np.zeros(len(stated))
        for number in range(_FOLDS):
            map_ = fit(stated[fold != number], right[fold != number])
            fitted[fold == number] = [map_(p) for p in stated[fold == number]]
        loss = _loss(fitted, right)
        if loss < best[0]:
            best = loss, fit
    return best[1](stated, right) if best[1] is not None else None


def _loss(chance: Floats, right: Floats) -> float:
    clipped = np.clip(chance, 0.01, 0.99)
    return float(-(right * np.log(clipped) + (1 - right) * np.log(1 - clipped)).mean())


def _platt(stated: Floats, right: Floats) -> ConfidenceMap:
    """Platt, "Probabilistic outputs for support vector machines" (1999), on log-odds, weakly held to what is stated."""
    clipped = np.clip(stated, 0.01, 0.99)
    odds = np.log(clipped / (1 - clipped))

    def loss(parts: Floats) -> float:
        score = parts[0] + parts[1] * odds
        return float((np.logaddexp(0, score) - right * score).sum() + parts[0] ** 2 + (parts[1] - 1) ** 2)

    found = minimize(loss, np.array([0.0, 1.0]), method="L-BFGS-B", bounds=[(-10.0, 10.0), (0.0, 10.0)])
    return ConfidenceMap(kind="platt", intercept=round(float(found.x[0]), 6), slope=round(float(found.x[1]), 6))


def _isotonic(stated: Floats, right: Floats) -> ConfidenceMap:
    """Zadrozny and Elkan (2002): the best map that never falls, by pooling adjacent violators; of a block, its ends."""
    levels, place = np.unique(stated, return_inverse=True)
    count = np.bincount(place).astype(float)
    mean = np.bincount(place, right) / count
    fitted = np.clip(isotonic_regression(mean, weights=count).x, 0.01, 0.99)
    inner = [
        number
        for number in range(len(levels))
        if number in (0, len(levels) - 1) or not fitted[number - 1] == fitted[number] == fitted[number + 1]
    ]
    return ConfidenceMap(kind="isotonic", points=tuple((float(levels[n]), float(round(fitted[n], 6))) for n in inner))
