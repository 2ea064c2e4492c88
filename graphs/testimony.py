"""Testimony: an answer made into the record of what the person said."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..contracts import (
    Answer,
    Approve,
    Ask,
    Assign,
    Decision,
    Edit,
    Effect,
    Happened,
    NotHappened,
    Opinion,
    Reject,
    Respond,
    digest,
    dump,
)
from .matter import asked_of_effect, asked_of_field
from .roster import Roster
from .tie import proposed
from .turn import Turn

__all__ = ["opinion_of", "opinion_of_correction", "recorded"]


def opinion_of(answer: Answer, turn: Turn, ask: Ask, roster: Roster, now: datetime.datetime) -> Opinion:
    """What the person said to the question, as it is recorded.

    Raises:
        ValueError: A value is not of its field's type.
    """
    verdict = answer.verdict
    said = Opinion(
        turn=turn.number,
        move=len(turn.moves),
        kind=verdict.type,
        reviewer=answer.reviewer,
        reason_code=answer.reason_code,
        message=verdict.message if isinstance(verdict, Reject | Respond) else "",
        effect=ask.effect,
        to=verdict.to if isinstance(verdict, Assign) else (),
        asked_at=ask.at,
        at=now.isoformat(timespec="milliseconds"),
        claims=len(turn.claims),
        like=answer.like,
        about=turn.about,
    )
    if ask.effect:
        return _about_effect(said, answer, turn.effects[ask.effect])
    decisions = {name: turn.decisions[name] for name in ask.fields}
    said = replace(
        said,
        asked={name: asked_of_field(each) for name, each in decisions.items()},
        proposed={name: proposed(each) for name, each in decisions.items()},
    )
    if not isinstance(verdict, Approve | Edit | Reject):
        return said
    return _valued(said, {name: _wanted(answer, each, roster) for name, each in decisions.items()}, roster)


def opinion_of_correction(
    answer: Answer, turn: Turn, values: Mapping[str, Any], roster: Roster, now: datetime.datetime
) -> Opinion:
    """What a person said unasked: fields with their right values, as plain data; None leaves one open."""
    decisions = {name: turn.decisions.get(name) or Decision(name, "abstained", 0) for name in values}
    said = Opinion(
        turn=turn.number,
        move=len(turn.moves),
        kind="correct",
        reviewer=answer.reviewer,
        reason_code=answer.reason_code,
        asked={name: asked_of_field(each) for name, each in decisions.items()},
        proposed={name: proposed(each) for name, each in decisions.items()},
        at=now.isoformat(timespec="milliseconds"),
        claims=len(turn.claims),
        about=turn.about,
    )
    return _valued(said, values, roster)


def _about_effect(said: Opinion, answer: Answer, effect: Effect) -> Opinion:
    slot, verdict = said.effect, answer.verdict
    said = replace(said, field=effect.field, asked={slot: asked_of_effect(effect)}, proposed={slot: dict(effect.args)})
    match verdict:
        case Approve():
            args: dict[str, Any] | None = dict(effect.args)
        case Edit(edited_action=action):
            args = {**effect.args, **action.args}
        case Reject():
            args = None
        case Happened() | NotHappened():
            told = verdict.model_dump(mode="json")
            return replace(said, values={slot: told}, keys={slot: digest(told)}, agrees={slot: True})
        case _:
            return said
    key = None if args is None else replace(effect, args=args).digest
    return replace(said, values={slot: args}, keys={slot: key}, agrees={slot: key == effect.digest})


def _wanted(answer: Answer, decision: Decision, roster: Roster) -> Any:
    """The value that the person wants for a field, as plain data."""
    verdict = answer.verdict
    value = None if isinstance(verdict, Reject) else proposed(decision)
    if isinstance(verdict, Edit):
        value = verdict.edited_action.args.get(decision.field, value)
    return None if value is None else roster.outcome[decision.field].plain(value)


def _valued(said: Opinion, values: Mapping[str, Any], roster: Roster) -> Opinion:
    def key(name: str, value: Any) -> str | None:
        return None if value is None else roster.outcome[name].key(value)

    keys = {name: key(name, value) for name, value in values.items()}
    old = {name: _key_of_old(roster, name, value) for name, value in said.proposed.items()}
    return replace(
        said,
        values=dict(values),
        keys=keys,
        agrees={name: each == old[name] for name, each in keys.items() if said.proposed[name] is not None},
    )


def _key_of_old(roster: Roster, name: str, value: Any) -> str | None:
    """The canonical text of a value that may be older than the team."""
    try:
        return None if value is None else roster.outcome[name].key(value)
    except (TypeError, ValueError):
        return None


def recorded(said: Opinion) -> dict[str, Any]:
    """The update of the state that records it."""
    return {"opinions": [dump(said)]}
