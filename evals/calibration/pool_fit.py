"""Pool fit: the weights of the log-linear pool by penalised conditional likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from .design import Design
from .table import Bools, Floats, Table

__all__ = ["Scaling", "chances", "fit_pool", "fit_scaling", "log_loss"]


@dataclass(frozen=True)
class Scaling:
    """One factor on all scores, and one shift."""

    factor: float = 1.0
    shift: float = 0.0


def fit_pool(design: Design, train: Bools) -> Floats:
    """The parameters that are most likely by the labelled questions of `train`; without any, those of the prior.

    P(v) = exp(score(v)) / (1 + sum over the claimed u of exp(score(u))), the 1 for 'none of these': a conditional
    logit (McFadden 1974). The penalty is quadratic around the prior, so the problem is convex.
    """
    table = design.table
    rows = np.flatnonzero((train & table.labelled)[table.question])
    if not len(rows):
        return design.start
    columns = design.columns[rows]
    across = columns.T.tocsr()
    right = table.right[rows].astype(float)
    group = table.question[rows]
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    member = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(rows)]))

    def loss(theta: Floats) -> tuple[float, Floats]:
        score = columns @ theta
        top = np.maximum(np.maximum.reduceat(score, starts), 0)
        parts = np.exp(score - top[member])
        total = np.add.reduceat(parts, starts) + np.exp(-top)
        pull = design.penalty @ (theta - design.start)
        value = (np.log(total) + top).sum() - (right * score).sum() + 0.5 * (theta - design.start) @ pull
        return float(value), across @ (parts / total[member] - right) + pull

    bounds = [(low if np.isfinite(low) else None, None) for low in design.low]
    limits = {"maxiter": 600, "maxfun": 1_200, "ftol": 1e-9, "gtol": 1e-4}
    return np.asarray(minimize(loss, design.start, jac=True, method="L-BFGS-B", bounds=bounds, options=limits).x)


def chances(table: Table, score: Floats) -> tuple[Floats, Floats]:
    """R: the share of each row; Q: that of none."""
    top = np.zeros(table.size)
    np.maximum.at(top, table.question, score)
    parts = np.exp(score - top[table.question])
    total = np.bincount(table.question, parts, table.size) + np.exp(-top)
    return parts / total[table.question], np.exp(-top) / total


def log_loss(table: Table, score: Floats, questions: Bools) -> float:
    """Mean of -log of the share of what is right, or of none, in nats, over labelled questions with a claim."""
    share, none = chances(table, score)
    right = np.bincount(table.question, share * table.right, table.size)
    chosen = questions & table.labelled & (table.distinct > 0)
    given = np.where(table.none_right(), none, right)[chosen]
    return float(-np.log(np.maximum(given, 1e-9)).mean()) if len(given) else 0.0


def fit_scaling(table: Table, score: Floats, questions: Bools) -> Scaling:
    """One factor and one shift of scores that were predicted out of fold; shares still add up to 1. Held to (1, 0)."""
    chosen = questions & table.labelled & (table.distinct > 0)

    def loss(parts: Floats) -> float:
        factor, shift = parts
        fitted = log_loss(table, factor * score + shift, chosen) * chosen.sum()
        return float(fitted + 2.0 * shift**2 + 2.0 * (factor - 1) ** 2)

    found = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.1, 10.0), (-5.0, 5.0)])
    return Scaling(float(found.x[0]), float(found.x[1]))
