"""Median: the weighted median of claimed numbers; what lies within the tolerance of it supports it."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import Any

from ...contracts import Alternative, Claim
from .ballot import Ballot
from .confidence import confidence

__all__ = ["median"]


def median(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates, the weighted median first.

    Each agent votes with the number that it is surest of, with the weight w of the policy. The lower median is the
    least claimed number with at least half of the weight at or below it, the upper median the greatest with at least
    half at or above it. All numbers within `tolerance` (in the units of the field, at both ends inclusive) of the
    median count as one value, the median, which is always a claimed number. Its confidence is that of the `confidence`
    vote over the values so joined, the median first even where another has a greater one. Where lower and upper median
    differ, the one with the greater score comes first.
    Source: the weighted median; that it cannot be gained by overstating, Black (1948), Moulin (1980).

    Two medians with equal scores are a tie, the smaller first. No claims give no candidates. What is no finite number
    takes no part in the median, and follows after it. NaN cannot occur as a confidence: the ballot refuses it.
    """
    numbers = {key: number for key in ballot.groups if (number := _number(ballot, key)) is not None}
    votes = sorted((numbers[key], key, ballot.weight(agent)) for agent, key in ballot.labels.items() if key in numbers)
    if not votes:
        return confidence(ballot)
    half = math.fsum(weight for _, _, weight in votes) / 2
    lower = next(key for place, (_, key, _) in enumerate(votes) if _sum(votes[: place + 1]) >= half)
    upper = next(key for place, (_, key, _) in reversed([*enumerate(votes)]) if _sum(votes[place:]) >= half)
    best = _around(ballot, numbers, lower)
    if upper != lower:
        other = _around(ballot, numbers, upper)
        if other[0].score > best[0].score:
            return other
        if other[0].score == best[0].score and other[0].agents != best[0].agents:
            return best[0], *sorted(best[1:], key=lambda each: each.key != upper)
    return best


def _around(ballot: Ballot, numbers: dict[str, Decimal], centre: str) -> tuple[Alternative, ...]:
    """The candidates with all that lies around one number joined to it, that one first."""
    tolerance = Decimal(str(ballot.terms.tolerance))
    near = {key for key, number in numbers.items() if abs(number - numbers[centre]) <= tolerance}
    joined: dict[str, Claim] = {}
    for key in near:
        for agent, claim in ballot.groups[key].items():
            known = joined.get(agent)
            if known is None or (claim.confidence, key) > (known.confidence, ballot.write(known.value)):
                joined[agent] = claim
    groups = {centre: joined, **{key: each for key, each in ballot.groups.items() if key not in near}}
    ranked = confidence(Ballot(groups, ballot.weights, ballot.terms, ballot.calibration, ballot.context, ballot.write))
    value = max(ballot.groups[centre].values(), key=lambda claim: (claim.confidence, str(claim.value))).value
    first = next(each for each in ranked if each.key == centre)
    return (
        Alternative(value, centre, first.score, first.confidence, first.agents),
        *(each for each in ranked if each.key != centre),
    )


def _sum(votes: list[tuple[Decimal, str, float]]) -> float:
    return math.fsum(weight for _, _, weight in votes)


def _number(ballot: Ballot, key: str) -> Decimal | None:
    value: Any = next(iter(ballot.groups[key].values())).value
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
