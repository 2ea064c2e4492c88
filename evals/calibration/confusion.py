"""Confusion: Dawid-Skene without labels, each confusion matrix shrunk towards its agent's own one-coin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import psi

from .table import Floats, Ints

__all__ = ["Confusion", "Priors", "fit_confusion"]


@dataclass(frozen=True)
class Priors:
    """Weak priors, in pseudo-counts. What is said to be learned starts here and follows the evidence."""

    right: float = 2.8
    """Start of Beta(right, wrong), the distribution of the agents' competences; learned."""
    wrong: float = 1.2
    """Its other half; learned."""
    strength: float = 10.0
    """How many labels the shrunk form of a matrix's row counts; learned."""
    preference: float = 0.2
    """The share of errors that follow the agent's own preference of values; learned."""
    rounds: int = 300
    """The most rounds."""
    tolerance: float = 1e-4
    """The fit ends where no probability changes by more."""
    warm: int = 5
    """Rounds before anything is learned of the priors."""


@dataclass(frozen=True)
class Confusion:
    """What is known of N items, W agents and K classes without a label."""

    posterior: Floats
    """N x K: probability of each class."""
    competence: Floats
    """W: how often the agent is right."""
    logs: Floats
    """W x K x K: expected log probability of each claimed class, by true class."""
    classes: Floats
    """K: expected log probability of each class."""
    rounds: int
    """How many rounds it took."""


@dataclass
class _State:
    """What the rounds change."""

    competence: Floats
    """W."""
    common: Floats
    """K x K: the errors that all agents share, by true class."""
    own: Floats
    """W x K: each agent's own preference of values."""
    base: Floats
    """K: how often each class is claimed."""
    a: float
    b: float
    strength: float
    preference: float

    def mean(self) -> tuple[Floats, Floats, Floats]:
        """The three parts of the prior mean of each matrix, W x K x K: right, shared errors, own preference."""
        competence, wrong = self.competence[:, None, None], (1 - self.competence)[:, None, None]
        eye = np.eye(self.common.shape[0])
        return (
            competence * eye,
            wrong * (1 - self.preference) * self.common,
            wrong * self.preference * np.broadcast_to(self.own[:, None, :], (len(self.competence), *eye.shape)),
        )


def fit_confusion(
    item: Ints, agent: Ints, label: Ints, shape: tuple[int, int, int], priors: Priors | None = None
) -> Confusion:
    """Fit by variational Bayes, from the majority. Deterministic; the order of the labels does not matter.

    For agent w and true class k, with I the indicator and all parts learned,

        pi_wk  ~ Dirichlet(s * m_wk)
        m_wkl  = c_w I(l = k) + (1 - c_w) * ((1 - f) r_kl + f u_wl)
        c_w    ~ Beta(a, b)

    where r are the errors that all share and u_w is the preference of the agent. A large s is the one-coin model, a
    small one plain Dawid-Skene: the data choose. Sources: Dawid and Skene (1979); Kim and Ghahramani, "Bayesian
    classifier combination" (2012); Hovy et al., MACE (2013), for u; Minka (2000), for the fixed points.

    Args:
        item: The item of each label given.
        agent: Who gave it.
        label: The class that was given.
        shape: Numbers of items, agents and classes.
        priors: The priors.
    """
    p = priors or Priors()
    items, agents, classes = shape
    q = np.zeros((items, classes))
    np.add.at(q, (item, label), 1.0)
    q = (q + 1e-12) / (q + 1e-12).sum(1, keepdims=True)
    state = _start(agent, label, agents, classes, p)
    logs, prior, turn = np.zeros((agents, classes, classes)), np.zeros(classes), 0
    for turn in range(p.rounds):
        counts = _counts(q, item, agent * classes + label, agents)
        _learn(state, counts, learn_priors=turn >= p.warm)
        alpha = state.strength * np.maximum(sum(state.mean()), 1e-12) + counts
        logs = psi(alpha) - psi(alpha.sum(2, keepdims=True))
        prior = psi(1.0 + q.sum(0)) - psi(classes + items)
        score = np.stack([np.bincount(item, logs[agent, k, label], items) for k in range(classes)], 1) + prior
        new = np.exp(score - score.max(1, keepdims=True))
        new /= new.sum(1, keepdims=True)
        change, q = np.abs(new - q).max(initial=0.0), new
        if change < p.tolerance and turn > p.warm + 5:
            break
    return Confusion(q, state.competence, logs, prior, turn + 1)


def _start(agent: Ints, label: Ints, agents: int, classes: int, p: Priors) -> _State:
    given = np.zeros((agents, classes))
    np.add.at(given, (agent, label), 1.0)
    base = given.sum(0) + 1
    base /= base.sum()
    off = 1 - np.eye(classes)
    own = (given + classes * base) / (given.sum(1, keepdims=True) + classes)
    competence = np.full(agents, p.right / (p.right + p.wrong))
    return _State(competence, off / max(classes - 1, 1), own, base, p.right, p.wrong, p.strength, p.preference)


def _counts(q: Floats, item: Ints, flat: Ints, agents: int) -> Floats:
    """W x K x K: how often each class was claimed where each is true, in expectation."""
    classes = q.shape[1]
    columns = [np.bincount(flat, q[item, k], agents * classes) for k in range(classes)]
    return np.stack([column.astype(float).reshape(agents, classes) for column in columns], 1)


def _learn(state: _State, counts: Floats, *, learn_priors: bool) -> None:
    """Two rounds of the fixed points: expected tables of the Dirichlet, split over the parts of its mean."""
    classes = counts.shape[1]
    off = 1 - np.eye(classes)
    for _ in range(2):
        parts = state.mean()
        mean = np.maximum(sum(parts), 1e-12)
        s = state.strength
        tables = np.where(counts > 0, s * mean * (psi(s * mean + counts) - psi(s * mean)), 0.0)
        right, shared, own = (tables * part / mean for part in parts)
        hits = right.sum((1, 2))
        misses = shared.sum((1, 2)) + own.sum((1, 2))
        state.competence = (hits + state.a) / (hits + misses + state.a + state.b)
        errors = shared.sum(0) * off + off * classes / max(classes - 1, 1)
        state.common = errors / np.maximum(errors.sum(1, keepdims=True), 1e-12)
        state.own = (own.sum(1) + classes * state.base) / (own.sum((1, 2))[:, None] + classes)
        state.preference = float((own.sum() + 1.0) / (misses.sum() + 5.0))
        if learn_priors:
            _learn_priors(state, hits, misses, float(tables.sum()), counts.sum(2))


def _learn_priors(state: _State, hits: Floats, misses: Floats, tables: float, rows: Floats) -> None:
    for _ in range(3):
        a, b = state.a, state.b
        both = (psi(hits + misses + a + b) - psi(a + b)).sum()
        state.a = float(((a * (psi(hits + a) - psi(a))).sum() + 1.0) / (both + 0.5))
        state.b = float(((b * (psi(misses + b) - psi(b))).sum() + 0.5) / (both + 0.5))
    s = state.strength
    state.strength = float(np.clip((tables + 1.0) / ((psi(rows + s) - psi(s)).sum() + 0.1), 0.5, 1e4))
