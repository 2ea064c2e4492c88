"""Unchanged: effects that a person sent back to the agents, and of which no agent says anything else since."""

from __future__ import annotations

from dataclasses import replace

from ..contracts import Dispatch, Effect
from .plan import Plan
from .turn import Turn

__all__ = ["unchanged"]


def unchanged(turn: Turn, drawn: Plan) -> dict[str, Effect]:
    """Those that are proposed once more as they were, by slot. Pure.

    The response declined the effect as it stood, and those who heard it have run. Where they say what they said
    before, its own agent is not run again, and nobody would be asked: so the person is. That is once, as an effect is
    sent back once. An agent that has run since speaks for itself, also by proposing nothing.
    """
    if drawn.ready:
        return {}
    found: dict[str, Effect] = {}
    for slot, move in _sent_back(turn).items():
        effect = turn.effects.get(slot)
        if effect is None or effect.status != "declined" or not effect.by.startswith("person:"):
            continue
        since = {name for each in turn.moves[move:] if isinstance(each, Dispatch) for name in each.agents}
        stands = effect.basis == drawn.bases.get(effect.agent) and effect.agent not in drawn.held
        if stands and effect.agent not in since:
            before = f"declined by {effect.by}"
            unsigned = replace(effect, by="", reviewer="", reason_code="", decided_at="")
            found[slot] = replace(unsigned, status="proposed", before=before)
    return found


def _sent_back(turn: Turn) -> dict[str, int]:
    """The effects of which the last thing that was said in this turn is a response, each with the move it was to."""
    last = {each.effect: each for each in turn.opinions if each.turn == turn.number and each.effect}
    return {slot: each.move for slot, each in last.items() if each.kind == "respond"}
