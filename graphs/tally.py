"""Tally: the confidence vote over the claims on one field, without a policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..contracts import Alternative, Claim, FieldPolicy
from .voting import Ballot, confidence

__all__ = ["tally"]


def tally(
    claims: Iterable[Claim], key: Callable[[Claim], str], weights: Mapping[str, float] | None = None
) -> tuple[Alternative, ...]:
    """The candidates for a field, best first, by the `confidence` vote.

    Args:
        claims: The claims that vote.
        key: From a claim to the text that equal values share.
        weights: Factor on an agent's log-odds, in [0, 1000]; 1 for an agent that is not named, 0 for no say.
    """
    return confidence(Ballot.of(claims, key, FieldPolicy(weights=dict(weights or {}))))
