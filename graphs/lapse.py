"""Lapse: what becomes of a question on which people did not agree in time. It is never approved."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace

from ..contracts import Ask, Decision, Effect, Policy
from .hearing import Hearing, hear_effect, hear_field
from .mediation import dissent
from .turn import Turn

__all__ = ["Lapsed", "lapse"]


@dataclass(frozen=True, slots=True)
class Lapsed:
    """What was closed by the policy's default."""

    decisions: dict[str, Decision]
    """Fields that stay without a value."""
    effects: dict[str, Effect]
    """Effects that are not executed, by slot."""


def lapse(turn: Turn, policy: Policy, now: datetime.datetime) -> Lapsed:
    """What is closed now, of what the newest move asks. Pure.

    A question ends so when its deadline has passed, or when all who may answer have, and too few of them agree. One
    that was just sent back to the agents goes on.
    """
    lapsed = Lapsed({}, {})
    ask = turn.moves[-1] if turn.moves else None
    if not isinstance(ask, Ask) or _is_sent_back(turn):
        return lapsed
    for name in ask.fields:
        decision = turn.decisions.get(name)
        if decision is not None and not decision.locked:
            hearing = hear_field(turn, decision, policy, now)
            if hearing.ended:
                lapsed.decisions[name] = _closed(decision, hearing, ask, policy, now)
    effect = turn.effects.get(ask.effect)
    if effect is not None and effect.status in ("proposed", "unknown"):
        hearing = hear_effect(turn, ask.effect, effect, policy, now)
        if hearing.ended:
            _decline(lapsed, turn, ask, effect, hearing, policy, now)
    return lapsed


def _decline(
    lapsed: Lapsed, turn: Turn, ask: Ask, effect: Effect, hearing: Hearing, policy: Policy, now: datetime.datetime
) -> None:
    note = f"not executed: {_why(hearing, ask)}"
    by, at = f"policy:{hearing.ended}", now.isoformat(timespec="seconds")
    code = policy.review.default
    lapsed.effects[ask.effect] = replace(
        effect, status="declined", by=by, note=note, reason_code=code, reviewer="", decided_at=at, approved=""
    )
    if effect.undoes:
        return
    old = turn.decisions.get(effect.field) or Decision(effect.field, "abstained", 0)
    others = any(
        each.field == effect.field
        and not each.undoes
        and (each.uncertain or each.status in ("proposed", "approved", "done", "duplicate"))
        for slot, each in turn.effects.items()
        if slot != ask.effect
    )
    if not old.locked and not others:
        lapsed.decisions[effect.field] = _closed(old, hearing, ask, policy, now)


def _closed(old: Decision, hearing: Hearing, ask: Ask, policy: Policy, now: datetime.datetime) -> Decision:
    return replace(
        old,
        status="abstained",
        version=old.version + 1,
        value=None,
        confidence=0.0,
        by=f"policy:{hearing.ended}",
        reason=f"left open: {_why(hearing, ask)}",
        dissent=dissent(old.tally, None),
        policy=policy.digest,
        review=False,
        flip=None,
        locked=True,
        reviewer="",
        reason_code=policy.review.default,
        decided_at=now.isoformat(timespec="seconds"),
    )


def _why(hearing: Hearing, ask: Ask) -> str:
    said = f"{len(hearing.opinions)} of {hearing.reviewers} people answered" if hearing.opinions else "nobody answered"
    asked = f" (asked: {', '.join(ask.to)})" if ask.to else ""
    if hearing.ended == "deadline":
        return f"{said} in time{asked}"
    return f"{said}{asked}, too few of them agree, and nobody else may answer"


def _is_sent_back(turn: Turn) -> bool:
    return any(
        each.kind == "respond" and each.turn == turn.number and each.move == len(turn.moves) for each in turn.opinions
    )
