"""Plurality: one agent, one vote."""

from __future__ import annotations

import math

from ...contracts import Alternative
from .ballot import Ballot

__all__ = ["plurality"]


def plurality(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates, best first.

        score(v)      = sum of the weights of the agents whose most confident claim is v
        confidence(v) = score(v) / sum of the scores

    An agent that is equally sure of several values splits its vote evenly among them. The confidence is a share of
    votes, not a probability: two of three give .67, however sure they are.
    Source: the plurality rule; for weights, Nitzan and Paroush (1982).

    Ties keep the order of their keys. No claims give no candidates. NaN cannot occur: the ballot refuses it.
    """
    most: dict[str, float] = {}
    for by_agent in ballot.groups.values():
        for agent, claim in by_agent.items():
            most[agent] = max(most.get(agent, 0.0), claim.confidence)
    tops: dict[str, list[str]] = {}
    for key, by_agent in ballot.groups.items():
        for agent, claim in by_agent.items():
            if claim.confidence == most[agent]:
                tops.setdefault(agent, []).append(key)
    votes: dict[str, list[float]] = {key: [] for key in ballot.groups}
    for agent, keys in tops.items():
        for key in keys:
            votes[key].append(ballot.weight(agent) / len(keys))
    scores = {key: math.fsum(each) for key, each in votes.items()}
    total = math.fsum(scores.values()) or 1.0  # the least weights may round to nothing
    return ballot.ranked(scores, {key: score / total for key, score in scores.items()})
