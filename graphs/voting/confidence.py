"""Confidence: the weighted log-odds vote, by the confidences that the agents state. The default."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ...contracts import Alternative, Claim
from .ballot import Ballot
from .shares import shares

__all__ = ["CERTAINTY", "confidence"]

CERTAINTY = 0.99
"""The most that one claim may count for: confidences are clipped to [1 - CERTAINTY, CERTAINTY]."""


def confidence(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates, best first.

    For the claims on a value v, with confidence p and the weight w of their agents,
    let `l = w * log(p / (1 - p))`. Then

        score(v)      = max(l) + sum of the other l that are positive
        confidence(v) = exp(score(v)) / (1 + sum over all u of exp(score(u)))

    where the 1 stands for 'none of these'. One claim alone keeps its own confidence; two agreeing claims
    of .8 give .94; two opposed claims of .8 give .44 each. More support never lowers a value.
    Source: the naive Bayes pool of independent experts; Nitzan and Paroush, "Optimal decision rules in
    uncertain dichotomous choice situations" (1982), for the weights log(p / (1 - p)).

    Each agent counts once for a value, with its most confident claim. The sum is exactly rounded, so no order of the
    claims changes it. Ties keep the order of their keys. No claims give no candidates. NaN cannot occur: the ballot
    refuses it.
    """
    scores = {key: _score(by_agent.values(), ballot.weights) for key, by_agent in ballot.groups.items()}
    return ballot.ranked(scores, shares(scores))


def _score(claims: Iterable[Claim], weights: Mapping[str, float]) -> float:
    odds = [_log_odds(claim.confidence) * weights.get(claim.agent, 1.0) for claim in claims]
    if len(odds) == 1:
        return odds[0]
    top = max(odds)
    return math.fsum(each for each in odds if each > 0) if top > 0 else top


def _log_odds(stated: float) -> float:
    clipped = min(max(stated, 1 - CERTAINTY), CERTAINTY)
    return math.log(clipped / (1 - clipped))
