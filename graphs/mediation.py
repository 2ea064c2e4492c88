"""Mediation: from the claims on one field to a decision, as a pure function of claims and policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..contracts import Alternative, Claim, Decision, Field, FieldPolicy, Policy, Rule, canonical_json
from .tally import is_tie, tally

__all__ = ["Context", "decide", "dissent"]


@dataclass(frozen=True, slots=True)
class Context:
    """What rules may look at besides the claims."""

    request: Mapping[str, Any]
    """The request, as plain data."""
    decided: Mapping[str, Any]
    """The typed values of the settled ones of the fields that the rules read, by name."""


@dataclass(frozen=True, slots=True)
class _Ballot:
    """The claims that vote, and the rules that shaped them."""

    claims: tuple[Claim, ...]
    preferred_by: str
    rules: tuple[str, ...]
    person: str = ""


class _RuleFailed(Exception):
    def __init__(self, rule: Rule, error: Exception) -> None:
        super().__init__(f"rule {rule.name!r} could not be evaluated: {error}")
        self.rule = rule.name


def decide(
    field: Field, claims: Iterable[Claim], policy: Policy, context: Context, terms: FieldPolicy | None = None
) -> Decision:
    """The decision on a field, with version 0; the caller numbers it.

    Where a team below asked a person, that person's word alone counts. Else in this order: `forbid` rules drop
    claims; the first `prefer` rule that holds for any claim leaves only
    those; the vote; the first `force` rule that holds sets the value; the policy's quorum and threshold;
    `review` rules. A rule that cannot be evaluated sends the field to a person. No order of the claims
    and no clock changes the result.

    Args:
        field: The field.
        claims: The claims on it.
        policy: The rules, and the terms of the vote.
        context: What rules may look at besides the claims.
        terms: The terms of the vote, where they are not the policy's for this field.
    """
    terms = terms or policy.of(field.name)
    every = tuple(claims)
    if policy.rules_for(field.name):
        every = tuple(sorted(every, key=_order))  # of several claims that a rule cannot take, the same one is named
    try:
        return _decide(field, every, policy, context, terms)
    except _RuleFailed as failed:
        candidates = _tally(field, every, terms)
        leading = candidates[0] if candidates else None
        return replace(
            _blank(field, policy, candidates, leading),
            status="contested" if leading else "abstained",
            review=True,
            by=f"rule:{failed.rule}",
            rules=(failed.rule,),
            reason=str(failed)[:500],
        )


def _decide(field: Field, claims: tuple[Claim, ...], policy: Policy, context: Context, terms: FieldPolicy) -> Decision:
    ballot = _ballot(field, claims, policy, context)
    candidates = _tally(field, ballot.claims, terms)
    decision = _vote(field, policy, ballot, candidates, terms)
    if ballot.person:
        return decision  # no rule undoes what a person decided
    decision = _force(field, decision, policy, context)
    return _review(field, decision, policy, context, terms)


def _ballot(field: Field, claims: tuple[Claim, ...], policy: Policy, context: Context) -> _Ballot:
    words = tuple(claim for claim in claims if claim.person)
    if words:
        return _Ballot(words, "", (), ", ".join(sorted({claim.person for claim in words})))
    applied: list[str] = []
    preferred_by = ""
    for rule in policy.rules_for(field.name):
        if rule.then == "forbid":
            kept = tuple(claim for claim in claims if not _claim_holds(rule, field, claim, context))
            if len(kept) < len(claims):
                applied.append(rule.name)
                claims = kept
    for rule in policy.rules_for(field.name):
        if rule.then == "prefer" and not preferred_by:
            kept = tuple(claim for claim in claims if _claim_holds(rule, field, claim, context))
            if kept:
                applied.append(rule.name)
                claims, preferred_by = kept, rule.name
    return _Ballot(claims, preferred_by, tuple(applied))


def _vote(
    field: Field, policy: Policy, ballot: _Ballot, candidates: tuple[Alternative, ...], terms: FieldPolicy
) -> Decision:
    leading = candidates[0] if candidates else None
    blank = replace(_blank(field, policy, candidates, leading), rules=ballot.rules)
    if leading is None:
        why = f"rule {ballot.rules[-1]!r} left no claim" if ballot.rules else "nobody claimed a value"
        if ballot.claims:
            why = "only agents of weight 0 claimed a value"
        return replace(blank, status="abstained", reason=why)
    voters = len(_voters(candidates))
    if is_tie(candidates):
        return replace(blank, reason=f"tie between {_short(candidates[0].value)} and {_short(candidates[1].value)}")
    if ballot.person:
        why = f"decided by a person in {', '.join(leading.agents)}"
        return replace(blank, status="settled", by=f"person:{ballot.person}", reviewer=ballot.person, reason=why)
    if ballot.preferred_by:
        why = f"rule {ballot.preferred_by!r} prefers {', '.join(leading.agents)}"
        return replace(blank, status="settled", by=f"rule:{ballot.preferred_by}", reason=why)
    if voters < terms.quorum:
        return replace(blank, reason=f"{voters} of {terms.quorum} agents needed for a quorum claimed a value")
    if leading.confidence < terms.accept:
        return replace(blank, reason=_below(leading.confidence, terms.accept))
    return replace(
        blank,
        status="settled",
        reason=f"{len(leading.agents)} of {voters} agents agree, confidence {leading.confidence:.3f}",
    )


def _below(confidence: float, accept: float) -> str:
    """Why it is not enough, with as many digits as show it."""
    digits = next((count for count in range(3, 17) if float(f"{confidence:.{count}f}") < accept), 17)
    return f"confidence {confidence:.{digits}f} is below {accept:g}"


def _force(field: Field, decision: Decision, policy: Policy, context: Context) -> Decision:
    for rule in policy.rules_for(field.name):
        if rule.then == "force" and _outcome_holds(rule, field, decision, context):
            value = field.plain(rule.value)
            key = field.key(value)
            return replace(
                decision,
                status="settled",
                value=value,
                confidence=1.0,
                by=f"rule:{rule.name}",
                reason=rule.reason or f"rule {rule.name!r} sets it",
                dissent=dissent(decision.tally, key),
                rules=(*decision.rules, rule.name),
            )
    return decision


def _review(field: Field, decision: Decision, policy: Policy, context: Context, terms: FieldPolicy) -> Decision:
    if decision.status == "abstained":
        return decision  # there is no value to confirm
    hits = [
        rule
        for rule in policy.rules_for(field.name)
        if rule.then == "review" and _outcome_holds(rule, field, decision, context)
    ]
    reasons = [rule.reason or f"rule {rule.name!r} asks for a person" for rule in hits]
    if terms.review == "always":
        reasons.append("the policy asks for a person")
    if not reasons:
        return decision
    status, reason = decision.status, "; ".join(reasons)
    if status == "settled":
        return replace(
            decision, status="contested", review=True, reason=reason, rules=(*decision.rules, *(r.name for r in hits))
        )
    return replace(decision, reason=f"{decision.reason}; {reason}", rules=(*decision.rules, *(r.name for r in hits)))


def _blank(field: Field, policy: Policy, candidates: tuple[Alternative, ...], leading: Alternative | None) -> Decision:
    return Decision(
        field=field.name,
        status="contested",
        version=0,
        value=leading.value if leading else None,
        confidence=leading.confidence if leading else 0.0,
        tally=candidates,
        dissent=dissent(candidates, leading.key) if leading else (),
        policy=policy.digest,
    )


def dissent(candidates: Iterable[Alternative], key: str | None) -> tuple[str, ...]:
    """The agents that claim another value and not this one, sorted; without a value all who claim one.

    Args:
        candidates: The tally.
        key: The canonical text of the value, or None if there is none.
    """
    others = {agent for each in candidates for agent in each.agents if each.key != key}
    return tuple(sorted(others - {agent for each in candidates for agent in each.agents if each.key == key}))


def _voters(candidates: Iterable[Alternative]) -> set[str]:
    return {agent for each in candidates for agent in each.agents}


def _order(claim: Claim) -> tuple[str, int, str]:
    """An order of claims that does not depend on their arrival."""
    return claim.agent, claim.sequence, canonical_json([claim.value, claim.confidence, claim.reason])


def _tally(field: Field, claims: tuple[Claim, ...], terms: FieldPolicy) -> tuple[Alternative, ...]:
    return tally(claims, lambda claim: field.key(claim.value), terms.weights)


def _claim_holds(rule: Rule, field: Field, claim: Claim, context: Context) -> bool:
    return _holds(
        rule,
        lambda: {
            "field": field.name,
            "value": field.parse(claim.value),
            "confidence": claim.confidence,
            "agent": claim.agent,
            "evidence": len(claim.evidence),
            "reason": claim.reason,
            "request": context.request,
            "decided": context.decided,
        },
    )


def _outcome_holds(rule: Rule, field: Field, decision: Decision, context: Context) -> bool:
    leading = decision.tally[0].agents if decision.tally else ()
    return _holds(
        rule,
        lambda: {
            "field": field.name,
            "value": None if decision.value is None else field.parse(decision.value),
            "confidence": decision.confidence,
            "status": decision.status,
            "support": len(leading),
            "voters": len(_voters(decision.tally)),
            "dissent": len(decision.dissent),
            "request": context.request,
            "decided": context.decided,
        },
    )


def _holds(rule: Rule, variables: Callable[[], Mapping[str, Any]]) -> bool:
    try:
        return rule.holds(variables())
    except Exception as error:
        raise _RuleFailed(rule, error) from error


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
