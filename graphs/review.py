"""Review: which answers are taken, and what an answer makes of the state."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from langchain_core.messages import HumanMessage
from pydantic import AfterValidator

from ..contracts import (
    Answer,
    Approve,
    Ask,
    Assign,
    Decision,
    Edit,
    Effect,
    Happened,
    Lapse,
    NotHappened,
    Policy,
    Reject,
    Respond,
    Verdict,
    check_plain,
    dump,
    first_problem,
)
from .mediation import dissent
from .question import allowed, why_not
from .reviewer import agreed, check_assignment, check_lapse, check_reviewer
from .roster import Roster
from .testimony import opinion_of, opinion_of_correction, recorded
from .tie import proposed, why_none
from .turn import SAID, Turn

__all__ = ["answer_type", "apply_answer", "correct"]


def answer_type(turn: Turn, ask: Ask, roster: Roster, policy: Policy, now: datetime.datetime) -> Any:
    """The type that LangGraph validates the answer with; a wrong answer leaves the question open."""
    return Annotated[Answer, AfterValidator(lambda answer: _checked(answer, turn, ask, roster, policy, now))]


def _checked(answer: Answer, turn: Turn, ask: Ask, roster: Roster, policy: Policy, now: datetime.datetime) -> Answer:
    verdict = answer.verdict
    codes = policy.review.reason_codes
    if answer.reason_code and codes and answer.reason_code not in codes:
        raise ValueError(f"unknown reason code {answer.reason_code!r}; use one of {', '.join(codes)}")
    match verdict:
        case Lapse():
            check_lapse(ask, now)
        case Assign():
            check_assignment(verdict, answer, turn, ask, policy, now)
        case _:
            may = allowed(turn, ask, roster)
            if verdict.type not in may:
                why = why_not(verdict.type, turn, ask)
                raise ValueError(f"{verdict.type!r} is not allowed here; answer with one of {', '.join(may)}{why}")
            check_reviewer(answer, turn, ask, policy, now)
    if isinstance(verdict, Edit):
        _check_edit(verdict, turn, ask, roster)
    if isinstance(verdict, Happened):
        _check_result(verdict.result, turn.effects[ask.effect], roster)
    try:  # LangGraph keeps an answer that was accepted: one that failed later could not be taken back
        update = apply_answer(answer, turn, ask, roster, policy, now)
        check_plain({channel: records for channel, records in update.items() if channel != "messages"})
    except (TypeError, ValueError) as error:
        raise ValueError(f"the answer cannot be applied: {first_problem(error)}") from error
    return answer


def _check_edit(edit: Edit, turn: Turn, ask: Ask, roster: Roster) -> None:
    args = edit.edited_action.args
    known = set(turn.effects[ask.effect].args) if ask.effect else set(ask.fields)
    unknown = sorted(args.keys() - known)
    if unknown:
        raise ValueError(f"unknown name {unknown[0]!r} in args; this question is about {', '.join(sorted(known))}")
    if ask.effect:
        _check_args(args, turn.effects[ask.effect], roster)
    for field in ask.fields:
        value = args.get(field, proposed(turn.decisions[field]))
        if value is None and field not in args:
            why = why_none(turn.decisions[field])
            raise ValueError(f"{why}; give one in args, null to leave it open, or reject")
        if value is None:
            continue
        try:
            roster.outcome[field].plain(value)
        except ValueError as error:
            raise ValueError(f"field {field!r}: got {value!r}; {first_problem(error)}") from error


def _check_result(result: Any, effect: Effect, roster: Roster) -> None:
    """Check that the answer that a person tells could be the receiver's."""
    field = roster.outcome.get(effect.field)
    if effect.undoes or field is None:
        return
    try:
        field.of_answer(result)
    except ValueError as error:
        raise ValueError(f"result: got {result!r:.80}, no {effect.field!r}; {first_problem(error)}") from error


def _check_args(args: Mapping[str, Any], effect: Effect, roster: Roster) -> None:
    for name, value in args.items():
        try:
            check_plain(value)
            _content(effect, {name: value}, roster)
        except (TypeError, ValueError) as error:
            raise ValueError(f"argument {name!r}: got {value!r}; {first_problem(error)}") from error


def apply_answer(
    answer: Answer, turn: Turn, ask: Ask, roster: Roster, policy: Policy, now: datetime.datetime
) -> dict[str, Any]:
    """The update of the state that the answer asks for. Pure; the answer has been validated.

    What the person said is recorded; a field or effect is decided as soon as enough people want the same of it.
    """
    verdict = answer.verdict
    said = opinion_of(answer, turn, ask, roster, now)
    update = recorded(said)
    match verdict:
        case Assign() | Lapse():
            return update
        case Respond():
            return {**update, **_respond(answer, verdict, turn, ask, now)}
    if ask.effect:
        people = agreed(said, ask.effect, turn, ask, policy, now)
        if people is None:
            return update
        joint = answer.model_copy(update={"reviewer": ", ".join(people)})
        return {**update, **_apply_to_effect(joint, verdict, ask.effect, turn, roster, policy, now)}
    decisions: dict[str, Any] = {}
    for field in ask.fields:
        people = agreed(said, field, turn, ask, policy, now)
        if people is not None:
            signed = _signer(answer.model_copy(update={"reviewer": ", ".join(people)}), roster, policy, now)
            value = said.values[field]
            decisions[field] = dump(signed(turn.decisions[field], value, _why(verdict, value, len(people))))
    return {**update, "decisions": decisions} if decisions else update


def _respond(answer: Answer, verdict: Respond, turn: Turn, ask: Ask, now: datetime.datetime) -> dict[str, Any]:
    name = f"{SAID}-{turn.number}-{len(turn.moves)}"
    update: dict[str, Any] = {"messages": [HumanMessage(verdict.message, name=answer.reviewer or None, id=name)]}
    if ask.effect:
        effect = _sign_effect(turn.effects[ask.effect], answer, now)
        update |= _effects({ask.effect: replace(effect, status="declined", note=verdict.message)})
    return update


def _why(verdict: Verdict, value: Any, people: int) -> str:
    if people > 1:
        return f"{people} people agree" if value is not None else f"left open by {people} people"
    if isinstance(verdict, Reject) or value is None:
        return (verdict.message if isinstance(verdict, Reject) else "") or "left open by a person"
    return f"{verdict.type} by a person"


def _apply_to_effect(
    answer: Answer,
    verdict: Approve | Edit | Reject | Happened | NotHappened,
    slot: str,
    turn: Turn,
    roster: Roster,
    policy: Policy,
    now: datetime.datetime,
) -> dict[str, Any]:
    effect = _sign_effect(turn.effects[slot], answer, now)
    approved = replace(effect, status="approved", approved=effect.digest, again=False, attested="")
    match verdict:
        case Approve():
            again = effect.status == "unknown"
            return _effects({slot: replace(approved, again=again)})
        case Happened(result=result):
            return _effects({slot: replace(approved, attested="happened", result=result)})
        case NotHappened():
            return _effects({slot: replace(approved, attested="not_happened", uncertain=False)})
        case Edit(edited_action=action):
            edited = replace(effect, args={**effect.args, **action.args}, content=_content(effect, action.args, roster))
            edited = replace(edited, status="approved", approved=edited.digest)
            if edited.slot == effect.slot:
                return _effects({slot: edited})
            withdrawn = replace(effect, status="withdrawn", note="replaced by an edited one")
            return _effects({slot: withdrawn, edited.slot: edited})
        case Reject():
            note = verdict.message or "declined by a person"
            update = _effects({slot: replace(effect, status="declined", note=note)})
            if effect.undoes or not _stands(effect, turn) or _has_others(slot, turn):
                return update
            old = turn.decisions.get(effect.field) or Decision(effect.field, "abstained", 0)
            closed = _signer(answer, roster, policy, now)(old, None, note)
            return {**update, "decisions": {effect.field: dump(closed)}}


def _sign_effect(effect: Effect, answer: Answer, now: datetime.datetime) -> Effect:
    return replace(
        effect,
        by=_person(answer),
        reviewer=answer.reviewer,
        reason_code=answer.reason_code or answer.verdict.type,
        decided_at=now.isoformat(timespec="seconds"),
    )


def _content(effect: Effect, args: Mapping[str, Any], roster: Roster) -> dict[str, str]:
    """The identity's values after an edit: new where the edited argument was such a value, else as they were."""
    content = dict(effect.content)
    for name, value in args.items():
        if name in content and _key(roster, name, effect.args.get(name)) == content[name]:
            content[name] = roster.outcome[name].key(value)
    return content


def _key(roster: Roster, name: str, value: Any) -> str | None:
    try:
        return roster.outcome[name].key(value)
    except (TypeError, ValueError):
        return None


def _effects(effects: Mapping[str, Effect]) -> dict[str, Any]:
    return {"effects": {slot: dump(effect) for slot, effect in effects.items()}}


def _has_others(slot: str, turn: Turn) -> bool:
    """Whether another effect for the same field was executed, or may yet be."""
    return any(
        other.field == turn.effects[slot].field
        and at != slot
        and not other.undoes
        and (other.uncertain or other.status in ("proposed", "approved", "done", "duplicate"))
        for at, other in turn.effects.items()
    )


def _stands(effect: Effect, turn: Turn) -> bool:
    """Whether the decisions are those on which the effect was proposed; if not, another may be under way."""
    return all(
        turn.decisions[name].version == version for name, version in effect.basis.items() if name in turn.decisions
    )


def correct(
    turn: Turn, values: Mapping[str, Any], roster: Roster, policy: Policy, answer: Answer, now: datetime.datetime
) -> dict[str, Any]:
    """The update that sets fields to a person's values, at any time; what was derived from them is derived again.

    Raises:
        ValueError: A field is unknown, or a value is not of its type.
    """
    signed = _signer(answer, roster, policy, now)
    decisions: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    for field, value in values.items():
        if field not in roster.outcome:
            raise ValueError(f"unknown field {field!r}; the outcome has {', '.join(roster.outcome)}")
        old = turn.decisions.get(field) or Decision(field, "abstained", 0)
        plain[field] = roster.outcome[field].plain(value)
        decisions[field] = dump(signed(old, plain[field], "corrected by a person"))
    return {"decisions": decisions, **recorded(opinion_of_correction(answer, turn, plain, roster, now))}


def _signer(
    answer: Answer, roster: Roster, policy: Policy, now: datetime.datetime
) -> Callable[[Decision, Any, str], Decision]:
    def signed(old: Decision, value: Any, reason: str) -> Decision:
        key = None if value is None else roster.outcome[old.field].key(value)
        return replace(
            old,
            status="abstained" if value is None else "settled",
            version=old.version + 1,
            value=value,
            confidence=0.0 if value is None else 1.0,
            by=_person(answer),
            reason=reason,
            dissent=dissent(old.tally, key),
            policy=policy.digest,
            review=False,
            flip=None,
            locked=True,
            reviewer=answer.reviewer,
            reason_code=answer.reason_code or answer.verdict.type,
            decided_at=now.isoformat(timespec="seconds"),
        )

    return signed


def _person(answer: Answer) -> str:
    return f"person:{answer.reviewer or 'unknown'}"
