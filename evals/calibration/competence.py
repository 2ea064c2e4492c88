"""Competence: how often each agent is right, by the agreement of the agents and by the labels."""

from __future__ import annotations

import numpy as np

from .table import Bools, Floats, Ints, Table

__all__ = ["agreement", "competence"]

_PRIOR = 4.0
"""How many labels the agreement counts."""


def agreement(table: Table) -> Floats:
    """A: the competences in free text, without labels: one coin for each agent, by expectation maximisation.

    Each of the claimed values is right with odds of the product of c / (1 - c) * (n - 1) of its supporters, with n
    the mean number of different values and one more; or none of them is.
    """
    agents = len(table.agents)
    c = np.full(agents, 0.7)
    others = max(float(table.distinct.mean()), 1.0)
    claimed = table.claims.sum(0)
    for _ in range(50):
        odds = np.log(c / (1 - c) * others)
        score = table.claims @ odds - np.log(others + 1)
        top = np.maximum(np.maximum.reduceat(score, _starts(table)), 0)[_compact(table)]
        parts = np.exp(score - top)
        total = np.bincount(table.question, parts, table.size)[table.question] + np.exp(-top)
        new = ((parts / total) @ table.claims + 0.7 * _PRIOR) / (claimed + _PRIOR)
        if np.abs(new - c).max(initial=0) < 1e-6:
            break
        c = np.clip(new, 0.02, 0.98)
    return c


def competence(table: Table, train: Bools, prior: Floats) -> Floats:
    """A: how often each agent's claims are right on the labelled questions of `train`, shrunk towards the prior."""
    rows = (train & table.labelled)[table.question]
    claimed = table.claims[rows].sum(0)
    right = table.claims[rows & table.right].sum(0)
    shrunk: Floats = (right + _PRIOR * prior) / (claimed + _PRIOR)
    return shrunk


def _starts(table: Table) -> Ints:
    return np.flatnonzero(np.r_[True, table.question[1:] != table.question[:-1]])


def _compact(table: Table) -> Ints:
    return np.unique(table.question, return_inverse=True)[1]
