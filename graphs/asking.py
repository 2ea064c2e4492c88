"""Asking: which question is put to people next."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping

from ..contracts import Ask, Decision, Effect, Policy
from .explanation import shortly
from .hearing import Hearing, hear_effect, hear_field, returned
from .turn import Turn

__all__ = ["ask_about_effect", "ask_about_fields"]


def ask_about_fields(
    turn: Turn, fields: Collection[str], decisions: Mapping[str, Decision], policy: Policy, now: datetime.datetime
) -> Ask:
    """The question about the first of these fields, and about all others that are asked on the same terms. Pure.

    Args:
        turn: The shared state.
        fields: The fields that people must decide; at least one.
        decisions: Their decisions, as they stand now.
        policy: The rules.
        now: The time.
    """
    hearings = {name: hear_field(turn, decisions[name], policy, now) for name in sorted(fields)}
    first = next(iter(hearings.values()))
    together = {name: each for name, each in hearings.items() if each.terms == first.terms}
    back = returned(turn)
    why = {name: shortly(decisions[name]) if len(together) > 1 else decisions[name].reason for name in together}
    reasons = [_reason(f"{name}: {why[name]}", each.said(name), back.get(name, "")) for name, each in together.items()]
    return _ask(tuple(together), "", "; ".join(reasons), first)


def ask_about_effect(turn: Turn, slot: str, effect: Effect, reason: str, policy: Policy, now: datetime.datetime) -> Ask:
    """The question about an effect. Pure; `reason` says why a person must look."""
    hearing = hear_effect(turn, slot, effect, policy, now)
    back = returned(turn).get(effect.field, "")
    return _ask((), slot, _reason(reason, hearing.said(slot), back), hearing)


def _reason(why: str, said: str, back: str) -> str:
    guard = f"back from the agents, where {back} had sent it: it is decided here" if back else ""
    return "; ".join(part for part in (why, said, guard) if part)


def _ask(fields: tuple[str, ...], effect: str, reason: str, hearing: Hearing) -> Ask:
    return Ask(
        fields,
        effect,
        reason,
        reviewers=hearing.reviewers,
        to=hearing.to,
        only=hearing.only,
        rung=hearing.rung,
        deadline=hearing.deadline,
    )
