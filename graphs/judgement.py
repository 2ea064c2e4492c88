"""Judgement: which proposed effects are approved, and which are withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..contracts import Effect, EffectPolicy, Execute, Policy, PolicyError
from .compensation import compensations, executed_at, is_certain, stands_in_the_way, undone_by
from .entry import wants_person
from .plan import Plan
from .roster import Roster
from .turn import Turn
from .unchanged import unchanged

__all__ = ["POLICY", "effects_in_order", "judge_effects", "may_be_asked", "may_be_executed"]

POLICY = "policy"
"""Who approved an effect, where no person did."""


def judge_effects(turn: Turn, drawn: Plan, roster: Roster, policy: Policy) -> dict[str, Effect]:
    """The effects that are new or different, by slot. Pure.

    Compensations are proposed for what is done and stale; what was proposed on decisions that have changed since is
    withdrawn, or looked up where it may have been begun; what a person sent back, and the agents say again, is proposed
    again; and what the policy approves is approved.
    """
    effects = {**turn.effects, **compensations(turn, drawn), **unchanged(turn, drawn)}
    judged: dict[str, Effect] = {}
    for slot, effect in effects.items():
        if effect.status not in ("proposed", "approved") or effect.attested or effect.recall:
            continue
        if effect.agent in drawn.held and not effect.undoes:
            continue
        if not _is_wanted(effect, effects, drawn):
            judged[slot] = _taken_back(slot, effect, turn)
        elif effect.status == "proposed" or effect.by == POLICY:  # until it is executed, what the policy asks must hold
            open_again = replace(effect, status="proposed", approved="", by="")
            judged[slot] = _judge(open_again, effects, turn, drawn, policy, roster)
    every = {**effects, **judged}
    for slot, effect in judged.items():
        before = stands_in_the_way(effect, every)
        if before is not None and effect.status == "approved":
            waits = f"it waits until {before.name} is {'undone' if before.undoes else 'looked up'}"
            judged[slot] = replace(effect, status="proposed", approved="", by="", note=waits)
    return {slot: each for slot, each in judged.items() if each != turn.effects.get(slot)}


def effects_in_order(effects: Mapping[str, Effect], turn: Turn) -> list[tuple[str, Effect]]:
    """The effects in the order in which they are executed or asked about.

    First what undoes, the latest first; then those of each agent in the order in which it proposed them. Which agent
    comes first its effects' content says, and not its name.
    """
    first: dict[str, str] = {}
    for effect in effects.values():
        first[effect.agent] = min(effect.key, first.get(effect.agent, effect.key))

    def place(item: tuple[str, Effect]) -> tuple[Any, ...]:
        slot, effect = item
        among_equals = (first[effect.agent], effect.sequence, effect.key, slot)
        if effect.undoes:
            move, among = executed_at(effect, turn)
            return (0, -move, -among, *among_equals)
        return (0 if effect.recall else 1, 0, 0, *among_equals)

    return sorted(effects.items(), key=place)


def may_be_executed(effect: Effect, effects: Mapping[str, Effect], drawn: Plan) -> bool:
    """Whether an approved effect is executed now; what a person says of it is recorded in any case."""
    if effect.status != "approved":
        return False
    if effect.attested or effect.recall:
        return True
    return _is_wanted(effect, effects, drawn) and stands_in_the_way(effect, effects) is None


def may_be_asked(effect: Effect, effects: Mapping[str, Effect], drawn: Plan) -> bool:
    """Whether a person is asked about an effect now."""
    if effect.status == "unknown":
        return True
    if effect.status != "proposed" or not _is_wanted(effect, effects, drawn):
        return False
    return stands_in_the_way(effect, effects) is None


def _is_wanted(effect: Effect, effects: Mapping[str, Effect], drawn: Plan) -> bool:
    """Whether the effect was proposed on the decisions that stand now, or undoes what was not."""
    if effect.undoes:
        return undone_by(effect, effects, drawn) is not None
    return effect.basis == drawn.bases.get(effect.agent)


def _taken_back(slot: str, effect: Effect, turn: Turn) -> Effect:
    """Withdrawn; looked up first where a step that was cut off may have begun it."""
    last = turn.moves[-1] if turn.moves else None
    if effect.status == "approved" and isinstance(last, Execute) and slot in last.effects:
        return replace(effect, recall=True)
    return replace(effect, status="withdrawn", note="what it was based on has changed")


def _judge(
    effect: Effect, effects: Mapping[str, Effect], turn: Turn, drawn: Plan, policy: Policy, roster: Roster
) -> Effect:
    """A proposed effect, approved where the policy approves it and the agent has not acted on other inputs before."""
    if effect.undoes:
        undone = undone_by(effect, effects, drawn)
        if undone is not None and not is_certain(undone, turn, drawn):
            why = f"whether {undone.name} is still wanted is not known: {effect.agent} did not run on the new values"
            return replace(effect, note=why)
        return _approve(effect, turn, drawn, policy, roster)
    if effect.before:
        return replace(effect, note=f"{effect.name} was proposed before in this turn: {effect.before}")
    earlier = [
        other
        for other in effects.values()
        if other.agent == effect.agent
        and other.basis != effect.basis
        and not other.undoes
        and other.status != "compensated"
    ]
    if any(other.status in ("done", "duplicate") for other in earlier):
        return replace(effect, note=f"{effect.name} was already executed in this turn, with other arguments")
    if any(other.uncertain or other.status == "unknown" for other in earlier):
        return replace(effect, note=f"{effect.name} may have been executed in this turn, with other arguments")
    if fired := [fault for fault in turn.faults if wants_person(fault, effect.agent, effect.basis)]:
        return replace(effect, note=f"guardrail {fired[0].code}: {fired[0].message}"[:500])
    return _approve(effect, turn, drawn, policy, roster)


def _approve(effect: Effect, turn: Turn, drawn: Plan, policy: Policy, roster: Roster) -> Effect:
    terms = policy.effects.get(effect.name)
    if terms is None or not terms.upstream.isdisjoint(drawn.open):
        return effect
    decided = {
        name: roster.outcome[name].parse(drawn.decisions[name].value)
        for name in terms.upstream
        if name in drawn.decisions and drawn.decisions[name].status == "settled"
    }
    variables = {
        "name": effect.name,
        "args": effect.args,
        "agent": effect.agent,
        "request": turn.request,
        "decided": decided,
    }
    condition = terms.compensate if _undoes_itself(effect) else terms.approve
    try:
        approves = _approves(terms, effect, variables)
    except PolicyError as error:
        return replace(effect, note=str(error)[:500])
    if not approves:
        return replace(effect, note=f"the policy approves it only where {condition}" if condition else "")
    return replace(effect, status="approved", approved=effect.digest, by=POLICY)


def _approves(terms: EffectPolicy, effect: Effect, variables: Mapping[str, Any]) -> bool:
    return terms.approves_undoing(variables) if _undoes_itself(effect) else terms.approves(variables)


def _undoes_itself(effect: Effect) -> bool:
    """Whether it is a compensation by the receiver of the undone effect, under the same name."""
    return bool(effect.undoes) and effect.args.get("name") == effect.name
