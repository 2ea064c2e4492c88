"""Mediation: from the claims on one field to a decision, as a pure function of claims and policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..contracts import Alternative, Claim, Decision, Field, Policy, Rule
from .tally import is_tie, tally

__all__ = ["Context", "decide"]


@dataclass(frozen=True, slots=True)
class Context:
    """What rules may look at besides the claims."""

    request: Mapping[str, Any]
    """The request, as plain data."""
    decided: Mapping[str, Any]
    """The typed values of the fields that are settled, by name."""


@dataclass(frozen=True, slots=True)
class _Ballot:
    """The claims that vote, and the rules that shaped them."""

    claims: tuple[Claim, ...]
    preferred_by: str
    rules: tuple[str, ...]


class _RuleFailed(Exception):
    def __init__(self, rule: Rule, error: Exception) -> None:
        super().__init__(f"rule {rule.name!r} could not be evaluated: {error}")
        self.rule = rule.name


def decide(field: Field, claims: Iterable[Claim], policy: Policy, context: Context) -> Decision:
    """The decision on a field, with version 0; the caller numbers it.

    In this order: `forbid` rules drop claims; the first `prefer` rule that holds for any claim leaves only
    those; the vote; the first `force` rule that holds sets the value; the policy's quorum and threshold;
    `review` rules. A rule that cannot be evaluated sends the field to a person. No order of the claims
    and no clock changes the result.
    """
    every = tuple(claims)
    try:
        return _decide(field, every, policy, context)
    except _RuleFailed as failed:
        candidates = _tally(field, every, policy)
        leading = candidates[0] if candidates else None
        return replace(
            _blank(field, policy, candidates, leading),
            status="contested" if leading else "abstained",
            review=True,
            by=f"rule:{failed.rule}",
            rules=(failed.rule,),
            reason=str(failed)[:500],
        )


def _decide(field: Field, claims: tuple[Claim, ...], policy: Policy, context: Context) -> Decision:
    ballot = _ballot(field, claims, policy, context)
    candidates = _tally(field, ballot.claims, policy)
    leading = candidates[0] if candidates else None
    decision = _vote(field, policy, ballot, candidates, leading)
    decision = _force(field, decision, policy, context)
    return _review(field, decision, policy, context)


def _ballot(field: Field, claims: tuple[Claim, ...], policy: Policy, context: Context) -> _Ballot:
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
    field: Field,
    policy: Policy,
    ballot: _Ballot,
    candidates: tuple[Alternative, ...],
    leading: Alternative | None,
) -> Decision:
    blank = replace(_blank(field, policy, candidates, leading), rules=ballot.rules)
    terms = policy.of(field.name)
    if leading is None:
        why = f"rule {ballot.rules[-1]!r} left no claim" if ballot.rules else "nobody claimed a value"
        return replace(blank, status="abstained", reason=why)
    voters = len({claim.agent for claim in ballot.claims})
    if is_tie(candidates):
        return replace(blank, reason=f"tie between {_short(candidates[0].value)} and {_short(candidates[1].value)}")
    if ballot.preferred_by:
        why = f"rule {ballot.preferred_by!r} prefers {', '.join(leading.agents)}"
        return replace(blank, status="settled", by=f"rule:{ballot.preferred_by}", reason=why)
    if voters < terms.quorum:
        return replace(blank, reason=f"{voters} of {terms.quorum} agents needed for a quorum claimed a value")
    if leading.confidence < terms.accept:
        return replace(blank, reason=f"confidence {leading.confidence:.3f} is below {terms.accept:g}")
    return replace(
        blank,
        status="settled",
        reason=f"{len(leading.agents)} of {voters} agents agree, confidence {leading.confidence:.3f}",
    )


def _force(field: Field, decision: Decision, policy: Policy, context: Context) -> Decision:
    for rule in policy.rules_for(field.name):
        if rule.then == "force" and _outcome_holds(rule, field, decision, context):
            return replace(
                decision,
                status="settled",
                value=field.plain(rule.value),
                confidence=1.0,
                by=f"rule:{rule.name}",
                reason=rule.reason or f"rule {rule.name!r} sets it",
                dissent=tuple(sorted({agent for other in decision.tally for agent in other.agents})),
                rules=(*decision.rules, rule.name),
            )
    return decision


def _review(field: Field, decision: Decision, policy: Policy, context: Context) -> Decision:
    if decision.status == "abstained":
        return decision  # there is no value to confirm
    hits = [
        rule
        for rule in policy.rules_for(field.name)
        if rule.then == "review" and _outcome_holds(rule, field, decision, context)
    ]
    reasons = [rule.reason or f"rule {rule.name!r} asks for a person" for rule in hits]
    if policy.of(field.name).review == "always":
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
    dissent = {agent for other in candidates[1:] for agent in other.agents} - set(leading.agents if leading else ())
    return Decision(
        field=field.name,
        status="contested",
        version=0,
        value=leading.value if leading else None,
        confidence=leading.confidence if leading else 0.0,
        tally=candidates,
        dissent=tuple(sorted(dissent)),
        policy=policy.digest,
    )


def _tally(field: Field, claims: tuple[Claim, ...], policy: Policy) -> tuple[Alternative, ...]:
    return tally(claims, lambda claim: field.key(claim.value), policy.of(field.name).weights)


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
    voters = {agent for each in decision.tally for agent in each.agents}
    return _holds(
        rule,
        lambda: {
            "field": field.name,
            "value": None if decision.value is None else field.parse(decision.value),
            "confidence": decision.confidence,
            "status": decision.status,
            "support": len(leading),
            "voters": len(voters),
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
