"""The supervisor's next move, as a pure function of the checkpointed state."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from ..contracts import (
    Ask,
    Decision,
    Dispatch,
    Effect,
    Execute,
    Fault,
    Finish,
    Halt,
    Move,
    Policy,
    fields_revised,
)
from .asking import ask_about_effect, ask_about_fields
from .budget import Affordable, affordable, overruns, refused_among
from .compensation import left_standing
from .judgement import effects_in_order, judge_effects, may_be_asked, may_be_executed
from .lapse import lapse
from .plan import Plan, plan
from .progress import Stuck, circle, contents_of, stuck
from .roster import Roster
from .silence import with_failures
from .turn import Turn

__all__ = ["Step", "next_move"]


@dataclass(frozen=True, slots=True)
class Step:
    """What the supervisor writes to the state: what it decided, and what happens next."""

    move: Move
    """What happens next."""
    decisions: Mapping[str, Decision]
    """Decisions that are new or different, by field."""
    effects: Mapping[str, Effect]
    """Effects that were approved or withdrawn, and compensations that are proposed, by slot."""
    faults: tuple[Fault, ...] = ()
    """Agents that there is no budget for, what was spent beyond a budget, and agents that get nowhere."""


def next_move(turn: Turn, roster: Roster, policy: Policy, now: datetime.datetime) -> Step:
    """The next step of a turn. Pure: the same state, roster, policy and time give the same step.

    In this order: close questions on which people did not agree in time; halt at a bound; run the agents whose inputs
    are ready; execute approved effects; ask people about fields, then about effects; finish.

    Args:
        turn: The shared state.
        roster: The team.
        policy: The rules.
        now: The time. The move is recorded with it, and questions go up the ladder or end by it; nothing else.
    """
    lapsed = lapse(turn, policy, now)
    if lapsed.decisions or lapsed.effects:
        turn = replace(
            turn, decisions={**turn.decisions, **lapsed.decisions}, effects={**turn.effects, **lapsed.effects}
        )
    known = len(turn.faults)
    turn, drawn, funds = _afforded(turn, roster, policy)
    effects = judge_effects(turn, drawn, roster, policy)
    move, stuck = _move(turn, drawn, funds, {**turn.effects, **effects}, roster, policy, now)
    return Step(
        move=_at(move, now),
        decisions={**lapsed.decisions, **{name: drawn.decisions[name] for name in drawn.changed}},
        effects={**lapsed.effects, **effects},
        faults=(*turn.faults[known:], *(each.fault for each in stuck)),
    )


def _afforded(turn: Turn, roster: Roster, policy: Policy) -> tuple[Turn, Plan, Affordable]:
    """The plan that there is a budget for, and the turn with the faults of what there is none for."""
    turn = replace(turn, faults=(*turn.faults, *overruns(turn, roster, policy)))
    while True:
        drawn = plan(turn, roster, policy)
        funds = affordable(drawn.ready, turn, roster, policy)
        if not funds.refused:
            return turn, drawn, funds
        turn = replace(turn, faults=(*turn.faults, *funds.refused))  # others take their place, or nobody does


def _move(
    turn: Turn,
    drawn: Plan,
    funds: Affordable,
    effects: Mapping[str, Effect],
    roster: Roster,
    policy: Policy,
    now: datetime.datetime,
) -> tuple[Move, tuple[Stuck, ...]]:
    """What happens next, and the circles for which it is the end."""
    move = _wanted(turn, with_failures(drawn, turn, roster, policy), funds, effects, policy, now)
    if isinstance(move, Finish):
        waiting = circle(drawn.open, effects, roster, policy) if drawn.open else None
        return (_halted((waiting,), turn, drawn), (waiting,)) if waiting else (move, ())
    if isinstance(move, Ask) and move.effect and drawn.open:
        waiting = circle(drawn.open, effects, roster, policy)  # which a person can break
        if waiting is not None and waiting.fault not in turn.faults:
            return replace(move, reason=f"{move.reason}; {waiting.reason}"), (waiting,)
    contents = contents_of(funds.now, turn, drawn.decisions, roster)
    found = stuck(funds.now, contents, turn, roster)
    if found:
        return _halted(found, turn, drawn), found
    bound = _bound(turn, funds.now, policy)
    if bound:
        found = stuck(funds.now, contents, turn, roster, same_values=1)
        return Halt("halted", "; ".join([bound, *(each.reason for each in found), _open(turn, drawn)])), found
    return (replace(move, contents=contents) if isinstance(move, Dispatch) else move), ()


def _halted(found: Sequence[Stuck], turn: Turn, drawn: Plan) -> Halt:
    return Halt("halted", "; ".join([*(each.reason for each in found), _open(turn, drawn)]))


def _bound(turn: Turn, agents: Iterable[str], policy: Policy) -> str:
    """The bound that is reached, or nothing."""
    bounds = policy.bounds
    if len(turn.moves) >= bounds.moves - 1:
        return f"the bound of {bounds.moves} moves is reached"
    for agent in agents:
        if len(turn.runs.get(agent, ())) >= bounds.rounds:
            return f"agent {agent!r} has run {bounds.rounds} times, the bound on rounds"
    return ""


def _wanted(
    turn: Turn, drawn: Plan, funds: Affordable, effects: Mapping[str, Effect], policy: Policy, now: datetime.datetime
) -> Move:
    if funds.now:
        return Dispatch(funds.now, _why_dispatch(turn, drawn, funds), reserved=funds.reserved, left=funds.left)
    in_order = effects_in_order(effects, turn)
    approved = tuple(slot for slot, each in in_order if may_be_executed(each, effects, drawn))
    if approved:
        names = sorted({effects[key].name for key in approved})
        return Execute(
            approved, f"{', '.join(names)}: approved by {', '.join(sorted({effects[k].by for k in approved}))}"
        )
    without = refused_among(turn, drawn.bases) if policy.budgets.at_limit == "finish" else []
    if drawn.asking and not without:
        return ask_about_fields(turn, drawn.asking, drawn.decisions, policy, now)
    for key, effect in sorted(in_order, key=lambda item: item[1].status != "unknown"):
        if may_be_asked(effect, effects, drawn):
            return ask_about_effect(turn, key, effect, _why_effect(effect), policy, now)
    return _finish(turn, drawn, effects, without)


def _finish(turn: Turn, drawn: Plan, effects: Mapping[str, Effect], refused: Sequence[str]) -> Finish:
    left = {goal for goal in turn.goals if goal in drawn.decisions and _is_left(drawn.decisions[goal])}
    if refused:
        left |= drawn.open.intersection(turn.goals)
    without = sorted(left.union(drawn.dead))
    early = [f"finished early, there is no budget for {', '.join(refused)}"] if refused and without else []
    if not without:
        closed = [f"closed by a person: {', '.join(drawn.closed)}"] if drawn.closed else []
        settled = [f"all {len(turn.goals)} goals are settled", *closed, *left_standing(effects, drawn)]
        return Finish("settled", "; ".join(settled))
    failed = [
        f"{effect.name} {effect.status}: {effect.note}" for effect in effects.values() if effect.status == "failed"
    ]
    reasons = [f"{name}: {_why_open(name, drawn)}" for name in without] + left_standing(effects, drawn)
    return Finish("unsettled", "; ".join([*early, *reasons, *failed]))


def _is_left(decision: Decision) -> bool:
    """Whether people were asked, and left it open: it is asked anew in a new turn, also where it may stay empty."""
    return decision.locked and decision.by.startswith("policy:") and decision.reason_code == "leave"


def _why_dispatch(turn: Turn, drawn: Plan, funds: Affordable) -> str:
    contested: dict[tuple[str, int], list[str]] = {}
    for name, basis in funds.now.items():
        for field, number in fields_revised(basis).items():
            contested.setdefault((field, number), []).append(name)
    first = [
        f"{name} in place of {drawn.instead[name]}" if name in drawn.instead else name
        for name in funds.now
        if name not in turn.runs
    ]
    again = [name for name, basis in funds.now.items() if name in turn.runs and not fields_revised(basis)]
    parts = [f"needed and ready: {', '.join(first)}"] if first else []
    parts += [f"its inputs have changed: {', '.join(again)}"] if again else []
    parts += [
        f"{field} is contested, round {number} of revising: {', '.join(names)}"
        for (field, number), names in sorted(contested.items())
    ]
    parts += [f"until what is set aside is settled, waiting: {', '.join(funds.waiting)}"] if funds.waiting else []
    return "; ".join(parts)


def _why_effect(effect: Effect) -> str:
    if effect.status == "unknown":
        return f"{effect.name}: it is not known whether it happened: {effect.note}"
    why = effect.note or "the policy leaves it to a person"
    return f"{effect.reason}; {why}" if effect.undoes else f"{effect.name}: {why}"


def _why_open(name: str, drawn: Plan) -> str:
    return drawn.decisions[name].reason if name in drawn.decisions else "what it is derived from has no value"


def _open(turn: Turn, drawn: Plan) -> str:
    left = [goal for goal in turn.goals if goal not in drawn.decisions or drawn.decisions[goal].status != "settled"]
    return f"open: {', '.join(left) or 'nothing'}"


def _at(move: Move, now: datetime.datetime) -> Move:
    at = now.isoformat(timespec="milliseconds")
    match move:
        case Dispatch() | Ask() | Execute() | Finish() | Halt():
            return replace(move, at=at)
        case _:
            assert_never(move)
