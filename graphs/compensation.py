"""Compensation: which effects are to be undone, because a later decision made them stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..contracts import Effect, Execute
from .plan import Plan
from .turn import Turn

__all__ = ["compensations", "executed_at", "is_certain", "left_standing", "stands_in_the_way", "undone_by"]

_PENDING = ("proposed", "approved", "unknown")


def compensations(turn: Turn, drawn: Plan) -> dict[str, Effect]:
    """The compensations that are to be proposed, by slot: of each stale effect that can be undone one, once. Pure."""
    found: dict[str, Effect] = {}
    for effect in turn.effects.values():
        if not (_is_stale(effect, drawn) and effect.undo):
            continue
        made = _compensation(effect)
        known = turn.effects.get(made.slot)
        if known is None or known.status == "withdrawn":
            found[made.slot] = made
    return found


def undone_by(compensation: Effect, effects: Mapping[str, Effect], drawn: Plan) -> Effect | None:
    """The effect that a compensation undoes, as long as it is done and stale; else None."""
    for effect in effects.values():
        is_it = effect.agent == compensation.agent and effect.executed_key == compensation.undoes
        if is_it and _is_stale(effect, drawn):
            return effect
    return None


def is_certain(effect: Effect, turn: Turn, drawn: Plan) -> bool:
    """Whether it is known what the agent of a stale effect wants now: it ran on what it would read, without a fault."""
    basis = drawn.bases.get(effect.agent)
    if basis is None:
        return True  # a person took away what it would read
    failed = any(each.agent == effect.agent and each.basis == basis and each.kind != "effect" for each in turn.faults)
    return basis in turn.runs.get(effect.agent, ()) and not failed


def stands_in_the_way(effect: Effect, effects: Mapping[str, Effect]) -> Effect | None:
    """What must be undone, or looked up, before an effect is executed or asked about; None where nothing must."""
    if effect.undoes or effect.recall:
        return None
    for other in effects.values():
        is_before = (other.undoes and other.status in _PENDING) or (other.recall and other.status == "approved")
        if is_before and (other.agent == effect.agent or other.field == effect.field):
            return other
    return None


def left_standing(effects: Mapping[str, Effect], drawn: Plan) -> list[str]:
    """What is stale, was to be undone, and was not: in a few words each."""
    ended = {each.undoes: each for each in effects.values() if each.undoes and each.status in ("declined", "failed")}
    stale = [each for each in effects.values() if _is_stale(each, drawn) and each.executed_key in ended]
    return [f"{each.name} stands as it was done: undoing it {_ended(ended[each.executed_key])}" for each in stale]


def executed_at(effect: Effect, turn: Turn) -> tuple[int, int]:
    """When a compensation's effect was executed: number of the move, and its place there; undone in reverse order."""
    places = list(_executions(effect.undoes, turn))
    return max(places, default=(0, 0))


def _executions(key: str, turn: Turn) -> Iterator[tuple[int, int]]:
    slots = {slot for slot, each in turn.effects.items() if each.executed_key == key}
    for number, move in enumerate(turn.moves, 1):
        if isinstance(move, Execute):
            yield from ((number, place) for place, slot in enumerate(move.effects) if slot in slots)


def _is_stale(effect: Effect, drawn: Plan) -> bool:
    """Whether it was done on other decisions than those on which its agent stands now, or its agent ended."""
    if effect.status != "done" or effect.undoes:
        return False
    if effect.agent in drawn.held or effect.agent in drawn.ready:
        return False  # what it would read is being decided, or it is about to run
    if effect.agent in drawn.ended:
        return True
    return effect.agent in drawn.bases and effect.basis != drawn.bases[effect.agent]


def _compensation(effect: Effect) -> Effect:
    args = {
        "name": effect.name,
        "key": effect.executed_key,
        "args": dict(effect.args),
        "result": effect.result,
    }
    return Effect(
        effect.undo,
        args,
        reason=f"undo {effect.name}: what it was based on has changed",
        field=effect.field,
        agent=effect.agent,
        version=effect.version,
        basis=effect.basis,
        undoes=effect.executed_key,
        sequence=effect.sequence,
    )


def _ended(compensation: Effect) -> str:
    if compensation.status == "declined":
        return f"was declined by {compensation.by}"
    return f"failed: {compensation.note}"
