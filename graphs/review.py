"""Review: the question put to a person, and what the answer makes of the state."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from langchain_core.messages import HumanMessage
from pydantic import AfterValidator, ValidationError

from ..contracts import (
    Answer,
    Approve,
    Ask,
    Claim,
    Decision,
    Edit,
    Effect,
    Policy,
    Question,
    Reject,
    Respond,
    check_plain,
    dump,
)
from .mediation import dissent
from .roster import Roster
from .turn import Turn

__all__ = ["answer_type", "apply_answer", "correct", "question"]

DECIDE = "decide"
"""Name of the action when fields are asked about."""


def question(turn: Turn, ask: Ask, roster: Roster, thread: str) -> Question:
    """The value of the interrupt, in the form that today's review interfaces read."""
    if ask.effect:
        effect = turn.effects[ask.effect]
        name, args = effect.name, dict(effect.args)
        about: dict[str, Any] = {"effect": dump(effect)}
    else:
        name = DECIDE
        args = {field: turn.decisions[field].value for field in ask.fields}
        about = {"fields": {field: _about(turn, field) for field in ask.fields}}
    return {
        "action_requests": [{"name": name, "args": args, "arguments": args, "description": ask.reason}],
        "review_configs": [{"action_name": name, "allowed_decisions": list(allowed(turn, ask, roster))}],
        "quorate": {"thread": thread, "turn": turn.number, "reason": ask.reason, **about},
    }


def allowed(turn: Turn, ask: Ask, roster: Roster) -> Sequence[str]:
    """The verdicts that make sense: no approval where there is no value, no response where no agent would hear it."""
    verdicts = ["approve", "edit", "reject", "respond"]
    if ask.effect and turn.effects[ask.effect].status == "unknown":
        return ["approve", "reject"]
    if any(turn.decisions[name].value is None for name in ask.fields):
        verdicts.remove("approve")
    about = [turn.effects[ask.effect].field] if ask.effect else ask.fields
    if not roster.hears(about):
        verdicts.remove("respond")
    return verdicts


def answer_type(turn: Turn, ask: Ask, roster: Roster, policy: Policy) -> Any:
    """The type that LangGraph validates the answer with; a wrong answer leaves the question open."""
    return Annotated[Answer, AfterValidator(lambda answer: _checked(answer, turn, ask, roster, policy))]


def _checked(answer: Answer, turn: Turn, ask: Ask, roster: Roster, policy: Policy) -> Answer:
    verdict = answer.verdict
    may = allowed(turn, ask, roster)
    if verdict.type not in may:
        raise ValueError(f"{verdict.type!r} is not allowed here; answer with one of {', '.join(may)}")
    codes = policy.review.reason_codes
    if answer.reason_code and codes and answer.reason_code not in codes:
        raise ValueError(f"unknown reason code {answer.reason_code!r}; use one of {', '.join(codes)}")
    if isinstance(verdict, Edit):
        _check_edit(verdict, turn, ask, roster)
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
        value = args.get(field, turn.decisions[field].value)
        if value is None:
            raise ValueError(f"field {field!r} has no value yet; give one in args, or reject")
        try:
            roster.outcome[field].plain(value)
        except ValueError as error:
            raise ValueError(f"field {field!r}: got {value!r}; {_first(error)}") from error


def _check_args(args: Mapping[str, Any], effect: Effect, roster: Roster) -> None:
    """LangGraph keeps an answer that was accepted: one that fails later could not be taken back."""
    for name, value in args.items():
        try:
            check_plain(value)
            if name in effect.content:
                roster.outcome[name].key(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"argument {name!r}: got {value!r}; {_first(error)}") from error


def _first(error: Exception) -> str:
    return str(error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else error)


def apply_answer(
    answer: Answer, turn: Turn, ask: Ask, roster: Roster, policy: Policy, now: datetime.datetime
) -> dict[str, Any]:
    """The update of the state that the answer asks for. Pure; the answer has been validated."""
    verdict = answer.verdict
    if isinstance(verdict, Respond):
        note = HumanMessage(verdict.message, name=answer.reviewer or None, id=f"review-{turn.number}-{len(turn.moves)}")
        update: dict[str, Any] = {"messages": [note]}
        if ask.effect:
            effect = turn.effects[ask.effect]
            declined = replace(effect, status="declined", by=_person(answer), note=verdict.message)
            update["effects"] = {ask.effect: dump(declined)}
        return update
    if ask.effect:
        return _apply_to_effect(answer, verdict, ask.effect, turn, roster, policy, now)
    signed = _signer(answer, roster, policy, now)
    decisions: dict[str, Any] = {}
    for field in ask.fields:
        old = turn.decisions[field]
        value = verdict.edited_action.args.get(field, old.value) if isinstance(verdict, Edit) else old.value
        if isinstance(verdict, Reject):
            decisions[field] = dump(signed(old, None, verdict.message or "left open by a person"))
        else:
            decisions[field] = dump(signed(old, roster.outcome[field].plain(value), f"{verdict.type} by a person"))
    return {"decisions": decisions}


def _apply_to_effect(
    answer: Answer,
    verdict: Approve | Edit | Reject,
    key: str,
    turn: Turn,
    roster: Roster,
    policy: Policy,
    now: datetime.datetime,
) -> dict[str, Any]:
    effect, by = turn.effects[key], _person(answer)
    match verdict:
        case Approve():
            again = effect.status == "unknown"
            approved = replace(effect, status="approved", approved=effect.digest, by=by, again=again)
            return {"effects": {key: dump(approved)}}
        case Edit(edited_action=action):
            args = {**effect.args, **action.args}
            content = {name: roster.outcome[name].key(args[name]) for name in effect.content if name in args}
            edited = replace(effect, args=args, content={**effect.content, **content})
            edited = replace(edited, status="approved", approved=edited.digest, by=by)
            if edited.key == key:
                return {"effects": {key: dump(edited)}}
            withdrawn = replace(effect, status="withdrawn", by=by, note="replaced by an edited one")
            return {"effects": {key: dump(withdrawn), edited.key: dump(edited)}}
        case Reject():
            note = verdict.message or "declined by a person"
            declined = {key: dump(replace(effect, status="declined", by=by, note=note))}
            if not _stands(effect, turn):
                return {"effects": declined}
            old = turn.decisions.get(effect.field) or Decision(effect.field, "abstained", 0)
            closed = _signer(answer, roster, policy, now)(old, None, note)
            return {"effects": declined, "decisions": {effect.field: dump(closed)}}


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
    for field, value in values.items():
        if field not in roster.outcome:
            raise ValueError(f"unknown field {field!r}; the outcome has {', '.join(roster.outcome)}")
        old = turn.decisions.get(field) or Decision(field, "abstained", 0)
        decisions[field] = dump(signed(old, roster.outcome[field].plain(value), "corrected by a person"))
    return {"decisions": decisions}


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
            locked=True,
            reviewer=answer.reviewer,
            reason_code=answer.reason_code or answer.verdict.type,
            decided_at=now.isoformat(timespec="seconds"),
        )

    return signed


def _about(turn: Turn, field: str) -> dict[str, Any]:
    claims: list[Claim] = [claim for claim in turn.claims if claim.field == field]
    return {"decision": dump(turn.decisions[field]), "claims": [dump(claim) for claim in claims]}


def _person(answer: Answer) -> str:
    return f"person:{answer.reviewer or 'unknown'}"
