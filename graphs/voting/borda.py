"""Borda: points by rank, where agents claim several values and rank them by their confidence."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ...contracts import Alternative, Claim
from .ballot import Ballot

__all__ = ["borda"]


def borda(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates, best first.

    With m candidates, each agent gives m points to the value that it is surest of, m - 1 to the next, and so on; none
    to a value that it does not claim. Values of which it is equally sure share their points.

        score(v)      = sum over the agents of weight * points
        confidence(v) = score(v) / sum of the scores

    The confidence is a share of points, not a probability.
    Source: Borda (1781); for rankings that are not complete, Emerson, "The original Borda count and partial
    voting" (2013).

    Ties keep the order of their keys. No claims give no candidates. NaN cannot occur: the ballot refuses it.
    """
    rankings: dict[str, dict[str, Claim]] = {}
    for key, by_agent in ballot.groups.items():
        for agent, claim in by_agent.items():
            rankings.setdefault(agent, {})[key] = claim
    given: dict[str, list[float]] = {key: [] for key in ballot.groups}
    for agent, ranking in rankings.items():
        for key, points in _points(ranking, len(ballot.groups)).items():
            given[key].append(ballot.weight(agent) * points)
    scores = {key: math.fsum(each) for key, each in given.items()}
    total = math.fsum(scores.values()) or 1.0  # the least weights may round to nothing
    return ballot.ranked(scores, {key: score / total for key, score in scores.items()})


def _points(ranking: Mapping[str, Claim], most: int) -> dict[str, float]:
    """The points that an agent gives: of those at one confidence each the mean of their places."""
    levels: dict[float, list[str]] = {}
    for key, claim in ranking.items():
        levels.setdefault(claim.confidence, []).append(key)
    points: dict[str, float] = {}
    for level in sorted(levels, reverse=True):
        keys = levels[level]
        mean = most - (len(keys) - 1) / 2
        points.update(dict.fromkeys(keys, mean))
        most -= len(keys)
    return points
