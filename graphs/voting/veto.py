"""Veto: settled only where nobody who holds a veto claims otherwise."""

from __future__ import annotations

from ...contracts import Alternative
from .ballot import Ballot
from .confidence import confidence

__all__ = ["veto"]


def veto(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates of the `confidence` vote, best first; the leading one is contested where a veto is cast.

    The agents that the policy's key `veto` names cast one by claiming another value and not this one, however sure they
    are. Without names everybody holds a veto, but only a claim that is more likely than 'none of these' casts it. The
    key `veto` holds under every other voting rule too, and against a value that a rule prefers or forces.
    Source: a veto player, Tsebelis (2002).

    Ties, empty input and NaN: as in `confidence`.
    """
    return confidence(ballot)
