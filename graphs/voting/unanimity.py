"""Unanimity: settled only where all who claim a value claim the same."""

from __future__ import annotations

from ...contracts import Alternative
from .ballot import Ballot
from .confidence import confidence

__all__ = ["unanimity"]


def unanimity(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates of the `confidence` vote, best first; the leading one is contested where any agent is against it.

    `objection` says who. An agent that claims the leading value and another one is not against it; one that claims
    nothing abstains.
    Source: the unanimity rule, Wicksell (1896); Buchanan and Tullock (1962).

    Ties, empty input and NaN: as in `confidence`; a tie of two values is no unanimity either.
    """
    return confidence(ballot)
