"""Floor: how low the confidence of the leading value can come, whatever agents that have not run yet would claim."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from ..contracts import Alternative, FieldPolicy, Vote
from .voting import CERTAINTY

__all__ = ["Floor", "floor_of", "floor_of_confidence_vote"]


class Floor(Protocol):
    """A bound that a voting rule states of itself, so that agents need not run that could not change the outcome.

    Only a rule in which more support never hurts a value, and less support of another never either, can state one.
    """

    def __call__(
        self, tally: Sequence[Alternative], remaining: Mapping[str, int], weights: Mapping[str, float]
    ) -> float:
        """The least confidence, in [0, 1], that the leading value can have after any further claims; a lower bound.

        It is 0 where another value could come level with it.

        Args:
            tally: The candidates so far, best first, and at least one.
            remaining: The agents that have not claimed yet, each with the most claims that it can make.
            weights: Factor on an agent's log-odds; 1 for an agent that is not named.
        """
        ...


def floor_of(terms: FieldPolicy) -> Floor | None:
    """The bound that the field's voting rule states; None where it states none, or where agents hold a veto."""
    return None if terms.veto else _FLOORS.get(terms.vote)


def floor_of_confidence_vote(
    tally: Sequence[Alternative], remaining: Mapping[str, int], weights: Mapping[str, float]
) -> float:
    """The floor of the weighted log-odds vote (see `confidence`): all claims against the leading value, with certainty.

    An agent of weight w adds at most `g = w * log(CERTAINTY / (1 - CERTAINTY))` to the score of each value that it
    claims. Let S be the scores of the other values, the largest first, L the most claims of an agent, and G[i] the sum
    of g over the agents with L > i. If they claim the first j of the others, and new values with what they have left,

        total(j) = sum over i < j of exp(max(S[i], 0) + G[i]) + sum over i >= j of (exp(G[i]) + exp(S[i]))
        alone    = sum of exp(g) over the claims of agents with exp(g) < 2
        floor    = exp(score of the leading value) / (1 + exp(score of the leading value) + largest total(j) + alone)

    This is the worst, because a sum of products of factors from 2 on is largest where the large factors meet. Smaller
    factors may give more each by itself, on a new value of its own, but no more than `alone` beside the rest: values
    that only such agents claim, with a product below 2, add up to no more than their factors. It is 0 where
    max(S[0], 0) + G[0] reaches the leading score.
    """
    most_odds = math.log(CERTAINTY / (1 - CERTAINTY))
    gains = [(most, weights.get(name, 1.0) * most_odds) for name, most in remaining.items() if weights.get(name, 1.0)]
    places = max((most for most, _ in gains), default=0)
    sums = [math.fsum(gain for most, gain in gains if most > place) for place in range(places)]
    leading, *others = (each.score for each in tally)
    best = max([0.0, *others[:1]]) + sums[0] if sums else max(others, default=-math.inf)
    if best >= leading:
        return 0.0
    top = max(0.0, leading)
    totals = []
    for j in range(min(len(others), len(sums)) + 1):
        claimed = (max(score, 0.0) + gain for score, gain in zip(others[:j], sums, strict=False))
        totals.append(math.fsum(math.exp(score - top) for score in (*claimed, *sums[j:], *others[j:])))
    alone = math.fsum(most * math.exp(gain - top) for most, gain in gains if gain < math.log(2))
    return math.exp(leading - top) / (math.exp(-top) + math.exp(leading - top) + max(totals) + alone)


_FLOORS: Mapping[Vote, Floor] = {"confidence": floor_of_confidence_vote}
