"""Carry: what people have decided outlasts the turn, while the next one is about the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..contracts import Decision, Opinion, dump, load
from .roster import Roster

__all__ = ["carried"]


def carried(values: Mapping[str, Any], about: str, roster: Roster) -> dict[str, Any]:
    """The `decisions` and `opinions` of the turn before with which a new turn about the same opens.

    What a person has decided is not decided again by agents, and not asked again, and an effect that a person declined
    is not proposed again; what a person sent back to the agents is not sent back again.

    Args:
        values: The state's values at the end of the turn before.
        about: Digest of what the new turn is about.
        roster: The team; a value that its outcome does not take any more is dropped.

    Raises:
        pydantic.ValidationError: A record in the state is not of its kind.
    """
    said = [each for each in load(tuple[Opinion, ...], values.get("opinions") or ()) if each.about == about]
    decided: dict[str, Decision] = load(dict[str, Decision], values.get("decisions") or {})
    answered = {name for each in said for name in _answered(each)}
    kept = {
        name: each
        for name, each in decided.items()
        if name in answered and each.locked and each.by.startswith("person:") and _fits(each, roster)
    }
    lasting = [each for each in said if each.kind == "respond" or not kept.keys().isdisjoint(_answered(each))]
    return {"decisions": {name: dump(each) for name, each in kept.items()}, "opinions": [dump(o) for o in lasting]}


def _answered(opinion: Opinion) -> Collection[str]:
    """The fields that are decided by what the person said; of an effect that was declined its own."""
    if opinion.effect:
        return (opinion.field,) if opinion.kind == "reject" else ()
    return opinion.values.keys()


def _fits(decision: Decision, roster: Roster) -> bool:
    if decision.field not in roster.outcome:
        return False
    if decision.value is None:
        return True
    try:
        roster.outcome[decision.field].plain(decision.value)
    except ValueError:
        return False
    return True
