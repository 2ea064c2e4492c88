"""Bloc fit: which agents are copies of one opinion, by the errors that they share."""

from __future__ import annotations

import numpy as np

from .design import Blocs
from .table import Bools, Table

__all__ = ["fit_blocs"]

_COPIES = 0.8
"""From this share of equal errors on, two agents are of one bloc."""
_PRIOR = 2.0
"""Pseudo-counts of errors that are not shared."""


def fit_blocs(table: Table, train: Bools) -> Blocs:
    """The blocs of agents that are wrong together, with the correlation of each.

    For two agents, of the labelled questions on which both claim and at least one is wrong, it is the share on which
    both claim the same value, with two pseudo-counts against it. Agents that are linked by .8 or more are one bloc; its
    correlation is the mean over its links. Without labels there are none: agreement on what is right shows no copy.
    """
    rows = (train & table.labelled)[table.question]
    claims, right = table.claims[rows].astype(float), table.right[rows]
    _, place = np.unique(table.question[rows], return_inverse=True)
    agents = len(table.agents)
    voted = np.zeros((int(place.max(initial=-1)) + 1, agents))
    np.maximum.at(voted, place, claims)
    same_wrong = claims[~right].T @ claims[~right]
    same_right = claims[right].T @ claims[right]
    either_wrong = voted.T @ voted - same_right
    linked = same_wrong / (either_wrong + _PRIOR)
    names = list(range(agents))
    for one in range(agents):
        for other in range(one):
            if linked[one, other] >= _COPIES and names[one] != names[other]:
                names = [names[other] if name == names[one] else name for name in names]
    bloc, correlation = [""] * agents, np.zeros(agents)
    for name in set(names):
        members = [agent for agent in range(agents) if names[agent] == name]
        if len(members) > 1:
            pairs = [linked[a, b] for a in members for b in members if b < a]
            for agent in members:
                bloc[agent], correlation[agent] = table.agents[members[0]], float(np.mean(pairs))
    return Blocs(tuple(bloc), correlation)
