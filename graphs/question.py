"""Question: what a person is asked, in the form that today's review interfaces read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..contracts import Ask, Question, dump
from .briefing import alternatives, as_markdown, literal
from .hearing import returned
from .roster import Roster
from .tie import proposed, why_none
from .turn import Turn

__all__ = ["DECIDE", "allowed", "question", "why_not"]

DECIDE = "decide"
"""Name of the action when fields are asked about."""


def question(turn: Turn, ask: Ask, roster: Roster, thread: str) -> Question:
    """The value of the interrupt: LangChain's request with one action, and our data beside it."""
    description = literal(ask.reason)
    if ask.effect:
        effect = turn.effects[ask.effect]
        name, args = effect.name, dict(effect.args)
        about: dict[str, Any] = {"effect": dump(effect)}
    else:
        name = DECIDE
        args = {field: proposed(turn.decisions[field]) for field in ask.fields}
        about = {"fields": {field: _about(turn, field, roster) for field in ask.fields}}
        told = [
            as_markdown(field, each["alternatives"], turn.decisions[field].dissent)
            for field, each in about["fields"].items()
            if each["alternatives"]
        ]
        description = "\n\n".join([description, *told])
    ours = {
        "thread": thread,
        "turn": turn.number,
        "reason": ask.reason,
        "reviewers": ask.reviewers,
        "to": list(ask.to),
        "only": ask.only,
        "rung": ask.rung,
        "deadline": ask.deadline,
        "opinions": _said(turn, ask),
    }
    return {
        "action_requests": [{"name": name, "args": args, "arguments": args, "description": description}],
        "review_configs": [{"action_name": name, "allowed_decisions": list(allowed(turn, ask, roster))}],
        "quorate": {**ours, **about},
    }


def allowed(turn: Turn, ask: Ask, roster: Roster) -> Sequence[str]:
    """The verdicts that make sense.

    Of an effect of which it is not known whether it happened a person may say so, or let it be executed again.
    No approval where there is no value, or several tie; no response where no agent would hear it, or where one was
    given before: what came back from the agents is decided by the person.
    """
    verdicts = ["approve", "edit", "reject", "respond"]
    if ask.effect and turn.effects[ask.effect].status == "unknown":
        return ["approve", "happened", "not_happened", "reject"]
    if ask.effect and turn.effects[ask.effect].undoes:
        return ["approve", "reject"]
    if any(proposed(turn.decisions[name]) is None for name in ask.fields):
        verdicts.remove("approve")
    about = [turn.effects[ask.effect].field] if ask.effect else ask.fields
    if not roster.hears(about) or not returned(turn).keys().isdisjoint(about):
        verdicts.remove("respond")
    return verdicts


def why_not(verdict: str, turn: Turn, ask: Ask) -> str:
    """What there is to say of a verdict that is not allowed, after a semicolon; empty where that is nothing."""
    if verdict == "respond" and returned(turn):
        return "; it came back from the agents once"
    if verdict != "approve":
        return ""
    decisions = [turn.decisions[name] for name in ask.fields]
    return "".join(f"; {why_none(each)}: choose one with `edit`" for each in decisions if proposed(each) is None)


def _about(turn: Turn, field: str, roster: Roster) -> dict[str, Any]:
    decision = turn.decisions[field]
    claims = [dump(claim) for claim in turn.claims if claim.field == field]
    told = alternatives(turn, decision, roster.outcome[field])
    return {"decision": dump(decision), "claims": claims, "alternatives": told}


def _said(turn: Turn, ask: Ask) -> list[dict[str, Any]]:
    """What people have said in this turn about what is asked."""
    matters = {*ask.fields, ask.effect}
    return [
        {"reviewer": each.reviewer, "kind": each.kind, "values": dict(each.values), "at": each.at}
        | {"message": each.message}
        for each in turn.opinions
        if each.turn == turn.number and not matters.isdisjoint(each.asked)
    ]
