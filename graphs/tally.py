"""Tally: the weighted log-odds vote over the claims on one field."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from ..contracts import Alternative, Claim, canonical_json

__all__ = ["CERTAINTY", "is_tie", "tally"]

CERTAINTY = 0.99
"""The most that one claim may count for: confidences are clipped to [1 - CERTAINTY, CERTAINTY]."""

_TIE = 1e-9


def tally(
    claims: Iterable[Claim], key: Callable[[Claim], str], weights: Mapping[str, float] | None = None
) -> tuple[Alternative, ...]:
    """The candidates for a field, best first.

    For the claims on a value v, with confidence p and the weight w of their agents,
    let `l = w * log(p / (1 - p))`. Then

        score(v)      = max(l) + sum of the other l that are positive
        confidence(v) = exp(score(v)) / (1 + sum over all u of exp(score(u)))

    where the 1 stands for 'none of these'. One claim alone keeps its own confidence; two agreeing claims
    of .8 give .94; two opposed claims of .8 give .44 each. More support never lowers a value.
    Source: the naive Bayes pool of independent experts; Nitzan and Paroush, "Optimal decision rules in
    uncertain dichotomous choice situations" (1982), for the weights log(p / (1 - p)).

    Each agent counts once for a value, with its most confident claim; one of weight 0 has no say. The sum is
    exactly rounded, so no order of the claims changes it. Ties keep the order of their keys. No claims give no
    candidates. NaN cannot occur: the guard refuses it.

    Args:
        claims: The claims that vote.
        key: From a claim to the text that equal values share.
        weights: Factor on an agent's log-odds, in [0, 1000]; 1 for an agent that is not named.
    """
    factors = weights or {}
    votes: dict[str, dict[str, Claim]] = defaultdict(dict)
    for claim in claims:
        if not factors.get(claim.agent, 1.0):
            continue
        by_agent = votes[key(claim)]
        known = by_agent.get(claim.agent)
        if known is None or _strength(claim) > _strength(known):
            by_agent[claim.agent] = claim
    scores = {value: _score(by_agent.values(), factors) for value, by_agent in votes.items()}
    top = max([0.0, *scores.values()])
    total = math.fsum([math.exp(-top), *(math.exp(score - top) for score in scores.values())])
    return tuple(
        Alternative(
            value=max(votes[value].values(), key=_strength).value,
            key=value,
            score=score,
            confidence=math.exp(score - top) / total,
            agents=tuple(sorted(votes[value])),
        )
        for value, score in sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    )


def is_tie(candidates: tuple[Alternative, ...]) -> bool:
    """Whether the two best candidates have the same score."""
    return len(candidates) > 1 and candidates[0].score - candidates[1].score <= _TIE


def _score(claims: Iterable[Claim], weights: Mapping[str, float]) -> float:
    odds = sorted((_log_odds(claim.confidence) * weights.get(claim.agent, 1.0) for claim in claims), reverse=True)
    return math.fsum([odds[0], *(each for each in odds[1:] if each > 0)])


def _log_odds(confidence: float) -> float:
    clipped = min(max(confidence, 1 - CERTAINTY), CERTAINTY)
    return math.log(clipped / (1 - clipped))


def _strength(claim: Claim) -> tuple[float, str]:
    """What makes one claim stand for its value: confidence, then the value's text, never the order of arrival."""
    return (claim.confidence, canonical_json(claim.value))
