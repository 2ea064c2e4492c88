"""Voting rule: from a ballot to the candidates, best first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ...contracts import Alternative, Vote
from .ballot import Ballot
from .borda import borda
from .confidence import confidence
from .dawid_skene import dawid_skene
from .items import items
from .median import median
from .one_coin import one_coin
from .plurality import plurality
from .pool import pool, signed_pool
from .unanimity import unanimity
from .veto import veto

__all__ = ["VOTING_RULES", "VotingRule"]


class VotingRule(Protocol):
    """A pure function of a ballot; no order of the claims changes what it gives."""

    def __call__(self, ballot: Ballot, /) -> tuple[Alternative, ...]:
        """The candidates, best first; none where there are no claims. The shares add up to at most 1."""
        ...


VOTING_RULES: Mapping[Vote, VotingRule] = {
    "confidence": confidence,
    "plurality": plurality,
    "pool": pool,
    "signed_pool": signed_pool,
    "dawid_skene": dawid_skene,
    "one_coin": one_coin,
    "borda": borda,
    "median": median,
    "items": items,
    "unanimity": unanimity,
    "veto": veto,
}
"""By the name that a policy gives."""
