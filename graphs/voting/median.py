"""Median: the weighted median of claimed numbers or dates; what lies within the tolerance of it supports it."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from ...contracts import Alternative, Claim
from .ballot import Ballot
from .confidence import confidence

__all__ = ["median"]

_EXACT = Context(prec=100, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
"""No difference of two numbers is too large for it."""


def median(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates, the weighted median first.

    Each agent votes with the number that it is surest of, with the weight w of the policy. The lower median is the
    least claimed number with at least half of the weight at or below it, the upper median the greatest with at least
    half at or above it. All numbers within `tolerance` (in the units of the field, at both ends inclusive) of the
    median count as one value, the median, which is always a claimed number. Its confidence is that of the `confidence`
    vote over the values so joined. The median is first even where another value has a greater confidence: behind it
    scores are lower by 1 at least. Where lower and upper median differ, the one with the greater score comes first.
    Source: the weighted median; that it cannot be gained by overstating, Black (1948), Moulin (1980).

    Dates are numbers of days, dates with a time, times of day and durations of seconds: `tolerance` is in these.

    Two medians with equal scores are a tie, the smaller first. No claims give no candidates. What is no finite number,
    NaN say, takes no part in the median, and follows after it; where nothing is one, the vote is `confidence`. NaN
    cannot occur as a confidence: the ballot refuses it.
    """
    numbers = {key: number for key in ballot.groups if (number := _place(ballot, key)) is not None}
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
            level = [replace(each, score=best[0].score) for each in best[1:] if each.key == upper]
            return best[0], *level, *(each for each in best[1:] if each.key != upper)
    return best


def _around(ballot: Ballot, numbers: dict[str, Decimal], centre: str) -> tuple[Alternative, ...]:
    """The candidates with all that lies around one number joined to it, that one first."""
    tolerance = Decimal(str(ballot.terms.tolerance))
    near = {key for key, number in numbers.items() if _EXACT.subtract(number, numbers[centre]).copy_abs() <= tolerance}
    joined: dict[str, Claim] = {}
    for key in near:
        for agent, claim in ballot.groups[key].items():
            known = joined.get(agent)
            if known is None or (claim.confidence, key) > (known.confidence, ballot.write(known.value)):
                joined[agent] = claim
    groups = {centre: joined, **{key: each for key, each in ballot.groups.items() if key not in near}}
    ranked = confidence(replace(ballot, groups=groups))
    value = max(ballot.groups[centre].values(), key=lambda claim: (claim.confidence, str(claim.value))).value
    first = next(each for each in ranked if each.key == centre)
    return (
        Alternative(value, centre, first.score, first.confidence, first.agents),
        *(replace(each, score=min(each.score, first.score - 1)) for each in ranked if each.key != centre),
    )


def _sum(votes: list[tuple[Decimal, str, float]]) -> float:
    return math.fsum(weight for _, _, weight in votes)


def _place(ballot: Ballot, key: str) -> Decimal | None:
    return ballot.place(next(iter(ballot.groups[key].values())).value)
