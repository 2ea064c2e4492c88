"""Others: what the other agents claim, as an agent sees it that may revise its own claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..contracts import Claim, Field, fields_revised, load

__all__ = ["others_of"]


def others_of(agent: str, state: Mapping[str, Any], fields: Mapping[str, Field]) -> tuple[Claim, ...]:
    """What the other agents claim on the contested fields that the agent is to revise; empty in its first run.

    Of each other agent the claims that count: those of its last run on the field before this one. The values are
    typed; evidence and reasons are as they were given.

    Args:
        agent: Name of the agent that is about to run.
        state: The shared state, as plain data; its last move is the dispatch of the agent.
        fields: Fields of the outcome, by name.
    """
    moves = state.get("moves") or []
    basis = moves[-1].get("agents", {}).get(agent, {}) if moves else {}
    return tuple(
        replace(claim, value=fields[name].parse(claim.value))
        for name in sorted(fields_revised(basis))
        if name in fields
        for claim in _standing(name, agent, state)
    )


def _standing(name: str, agent: str, state: Mapping[str, Any]) -> Iterator[Claim]:
    last: dict[str, Mapping[str, int]] = {}
    failed = [
        (fault["agent"], fault.get("basis") or {}) for fault in state.get("faults") or [] if not fault.get("fields")
    ]
    for move in state["moves"][:-1]:
        for other, basis in move.get("agents", {}).items():
            rounds = fields_revised(basis)
            if other != agent and (not rounds or name in rounds) and (not rounds or (other, basis) not in failed):
                last[other] = basis
    for plain in state.get("claims") or []:
        if plain["field"] == name and plain["agent"] in last and plain["basis"] == last[plain["agent"]]:
            yield load(Claim, plain)
