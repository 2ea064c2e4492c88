"""Counted: the claims on a field that count, as the turn's moves tell it."""

from __future__ import annotations

from collections.abc import Mapping

from ..contracts import Claim, fields_revised
from .turn import Turn

__all__ = ["counted"]


def counted(turn: Turn, field: str, *, claims: int | None = None, moves: int | None = None) -> tuple[Claim, ...]:
    """The claims on the field that each agent made in its newest run about it, in the order of arrival.

    What an agent said of the field while it revised others does not count, nor a claim that it has withdrawn in a round
    of revision; a round in which it failed changes nothing.

    Args:
        turn: The shared state.
        field: Name of the field.
        claims: How many of the turn's claims there were at the time that is meant; None for all.
        moves: How many moves there were then; None for all.
    """
    failed = [(fault.agent, fault.basis) for fault in turn.faults if fault.is_failure]
    newest: dict[str, Mapping[str, int]] = {}
    for move in turn.moves[:moves]:
        if move.kind != "dispatch":
            continue
        for agent, basis in move.agents.items():
            rounds = fields_revised(basis)
            if not rounds or (field in rounds and (agent, basis) not in failed):
                newest[agent] = basis
    return tuple(
        claim for claim in turn.claims[:claims] if claim.field == field and claim.basis == newest.get(claim.agent)
    )
