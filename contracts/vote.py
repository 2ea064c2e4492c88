"""Vote: the names of the voting rules that a policy may choose."""

from __future__ import annotations

from typing import Literal

__all__ = ["LEARNED", "Vote"]

Vote = Literal[
    "confidence",
    "plurality",
    "pool",
    "signed_pool",
    "dawid_skene",
    "one_coin",
    "borda",
    "median",
    "items",
    "unanimity",
    "veto",
]
"""How the claims on a field become a ranking of values. Each stands in a file of its own in `graphs/voting`."""

LEARNED: frozenset[Vote] = frozenset({"pool", "signed_pool", "dawid_skene", "one_coin"})
"""Those that weigh agents by what was learned of them."""
