"""Design: the score of a claimed value as a linear form of what is learned, with its penalty and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from ...contracts.calibration import ENOUGH
from .table import Bools, Floats, Table

__all__ = ["Blocs", "Design", "Options"]

_SIGNED = -0.2
"""The least weight in a signed pool."""
_HOLD = 4.0
"""How strongly an agent's weight is held to what the agreement says, where there are many labels."""
_MANY = 10
"""Agents from which on the number of different values is told apart up to 8."""


@dataclass(frozen=True)
class Options:
    """What cross-validation chooses."""

    context: float = 30.0
    """How strongly an agent's weight in a context is held to its weight in all."""
    value: float = 30.0
    """How strongly the offset of a value in a context is held to 0; 0 for none."""


@dataclass(frozen=True)
class Blocs:
    """Which agents are copies of one opinion."""

    name: tuple[str, ...]
    """A: the bloc of each agent; empty for none."""
    correlation: Floats
    """A: of its bloc, in [0, 1]."""

    @classmethod
    def none(cls, agents: int) -> Blocs:
        """No blocs."""
        return cls(("",) * agents, np.zeros(agents))


@dataclass(frozen=True)
class Prior:
    """What is held of the agents before a label."""

    odds: Floats
    """A: log-odds of a claim, by the agents' agreement; at least 0."""
    competence: Floats
    """A: how often each is right, from agreement and labels."""
    stated: Floats
    """R x A: log-odds of the calibrated confidences less the agent's mean; 0 where nothing is claimed."""
    blocs: Blocs
    """Who copies whom."""

    @property
    def trust(self) -> float:
        """What the log-odds count before a label: as if A agents were worth sqrt(A) independent ones."""
        return 1 / float(np.sqrt(max(len(self.odds), 1)))


@dataclass
class Design:
    """A convex problem: the columns of the scores, bounds, start and a quadratic penalty around the start's prior."""

    table: Table
    prior: Prior
    options: Options
    signed: bool = False
    places: dict[str, slice] = field(default_factory=dict)
    """The columns of each part."""

    def __post_init__(self) -> None:
        self._columns: list[Any] = []
        self._low: list[float] = []
        self._start: list[float] = []
        self._penalty: list[tuple[int, int, float]] = []
        self._size = 0
        self._build()
        self.columns = sparse.hstack(self._columns).tocsr()
        rows, cols, values = zip(*self._penalty, strict=True)
        self.penalty = sparse.csr_matrix((values, (rows, cols)), (self._size, self._size))
        self.low, self.start = np.array(self._low), np.array(self._start)
        self.order = order_of(self.prior.competence)

    def part(self, theta: Floats, name: str) -> Floats:
        """The values of one part; empty where the design has none."""
        return theta[self.places[name]] if name in self.places else np.zeros(0)

    def _build(self) -> None:
        table, prior, odds = self.table, self.prior, self.prior.odds
        agents, contexts, rows = len(table.agents), len(table.contexts), len(table.question)
        here = table.context[table.question]
        low = _SIGNED if self.signed else 0.0
        counted, heads = _discounted(table.claims, prior.blocs, order_of(prior.competence))
        row, agent = np.nonzero(table.claims)
        spot = sparse.csr_matrix((counted[row, agent], (row, here[row] * agents + agent)), (rows, contexts * agents))
        own = self._add("context", spot, np.tile(prior.trust * odds, contexts), low)
        mean = self._add("weight", sparse.csr_matrix((rows, agents)), prior.trust * odds)
        trust = self._add("trust", sparse.csr_matrix((rows, 1)), np.array([prior.trust]), 0.0)
        hold = self.options.context * (prior.competence / max(prior.competence.mean(), 1e-9)) ** -2.0
        few = 1 + ENOUGH / max(int(table.labelled.sum()), 1)
        for a in range(agents):
            for c in range(contexts):
                self._hold({own + c * agents + a: 1.0, mean + a: -1.0}, float(hold[a]))
            self._hold({mean + a: 1.0, trust: -float(odds[a])}, _HOLD * few)
        self._diagonal("trust", 20.0 * few)
        self._add("offset", sparse.csr_matrix(np.ones((rows, 1))), np.zeros(1), penalty=0.05)
        self._add("context_offset", _one(here, contexts), np.zeros(contexts), penalty=2.0)
        self._add("spread", _one(self.bins[table.distinct[table.question] - 1], self.bins.max() + 1), penalty=0.5)
        if table.values:
            self._add("value", _one(table.value, len(table.values)), penalty=5.0)
            if self.options.value and contexts > 1:
                both = np.where(table.value < 0, -1, here * len(table.values) + table.value)
                self._add("context_value", _one(both, contexts * len(table.values)), penalty=self.options.value)
        self._add_leads(heads, order_of(prior.competence))
        if prior.stated.any():
            self._add("slope", sparse.csr_matrix(prior.stated), np.full(agents, prior.trust), 0.0, 4.0)

    @property
    def bins(self) -> np.ndarray:
        """For 1 to 8 different values, the column of the number."""
        edges = [3, 4, 5, 6, 7, 8] if len(self.table.agents) > _MANY else [2, 3, 4]
        return np.concatenate([np.digitize(np.arange(1, 9), edges), np.full(1_000, len(edges))])

    def _add_leads(self, heads: Floats, order: np.ndarray) -> None:
        """Columns that say whether one, or two, of the k most competent support it: their sums fall along the order."""
        reached = np.cumsum(heads[:, order], axis=1)
        if len(order) > 1:
            self._add("lead", sparse.csr_matrix((reached[:, :-1] >= 1).astype(float)), low=0.0, penalty=2.0)
            self._add("second", sparse.csr_matrix((reached[:, 1:] >= 2).astype(float)), low=0.0, penalty=2.0)

    def _add(
        self,
        name: str,
        columns: Any,
        start: Floats | None = None,
        low: float = -np.inf,
        penalty: float = 0.0,
    ) -> int:
        """Add columns, and give the place of the first."""
        first, count = self._size, int(columns.shape[1])
        self.places[name] = slice(first, first + count)
        self._columns.append(columns)
        self._size += count
        self._low += [low] * count
        self._start += list(np.zeros(count) if start is None else start)
        if penalty:
            self._diagonal(name, penalty)
        return first

    def _diagonal(self, name: str, strength: float) -> None:
        span = self.places[name]
        self._penalty += [(place, place, strength) for place in range(span.start, span.stop)]

    def _hold(self, form: Mapping[int, float], strength: float) -> None:
        """Penalise strength / 2 * (sum of factor * parameter) ** 2."""
        self._penalty += [
            (one, other, strength * first * second) for one, first in form.items() for other, second in form.items()
        ]


def order_of(competence: Floats) -> np.ndarray:
    """The agents, the most competent first; of equals the first by name."""
    return np.argsort(-competence, kind="stable")


def _one(column: np.ndarray, columns: int) -> Any:
    """A row with a single 1 each; none where the column is negative."""
    rows = np.flatnonzero(column >= 0)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, column[rows])), (len(column), columns))


def _discounted(claims: Bools, blocs: Blocs, order: np.ndarray) -> tuple[Floats, Floats]:
    """R x A: what each claim counts within its bloc, and who is the head of it, the most competent one there."""
    counted, heads = claims.astype(float), claims.astype(float)
    for name in sorted(set(blocs.name) - {""}):
        members = [agent for agent in order if blocs.name[agent] == name]
        power = 1 - float(blocs.correlation[members[0]])
        place = np.cumsum(claims[:, members], axis=1)
        share = np.where(place > 1, place**power - np.maximum(place - 1, 0) ** power, 1.0)
        counted[:, members] = np.where(claims[:, members], share, 0.0)
        heads[:, members] = claims[:, members] & (place == 1)
    return counted, heads
