"""Mediation: from the claims on one field to a decision, as a pure function of claims and policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..contracts import Alternative, Claim, Decision, Field, FieldPolicy, Policy, canonical_json
from .rules import Ballot, Context, Rulebook, RuleFailedError, dissent, voters_of
from .tally import is_tie, tally

__all__ = ["Context", "decide", "dissent"]


def decide(
    field: Field, claims: Iterable[Claim], policy: Policy, context: Context, terms: FieldPolicy | None = None
) -> Decision:
    """The decision on a field, with version 0; the caller numbers it.

    Where a team below asked a person, that person's word alone counts. Else in this order: `forbid` rules drop
    claims; the first `prefer` rule that holds for any claim leaves only those; the vote, with the policy's quorum
    and threshold; the first `force` rule that holds sets the value; `veto` and `review` rules ask for a person, and
    the first `route` rule that holds says for whom. A rule that cannot be evaluated sends the field to a person. No
    order of the claims and no clock changes the result.

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
    except RuleFailedError as failed:
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
    rulebook = Rulebook(field, policy.rules_for(field.name), context)
    ballot = rulebook.ballot(claims)
    candidates = _tally(field, ballot.claims, terms)
    decision = _vote(field, policy, ballot, candidates, terms)
    if ballot.person:
        return decision  # no rule undoes what a person decided
    decision = rulebook.force(decision, ballot)
    decision, _ = rulebook.veto(decision, ballot)
    least = terms.reviewers or policy.review.reviewers
    decision = rulebook.review(decision, ballot, always=terms.review == "always", least=least)
    return rulebook.route(decision, ballot)


def _vote(
    field: Field, policy: Policy, ballot: Ballot, candidates: tuple[Alternative, ...], terms: FieldPolicy
) -> Decision:
    leading = candidates[0] if candidates else None
    blank = replace(_blank(field, policy, candidates, leading), rules=ballot.rules)
    if leading is None:
        why = f"rule {ballot.rules[-1]!r} left no claim" if ballot.rules else "nobody claimed a value"
        if ballot.claims:
            why = "only agents of weight 0 claimed a value"
        return replace(blank, status="abstained", reason=why)
    voters = len(voters_of(candidates))
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


def _order(claim: Claim) -> tuple[str, int, str]:
    """An order of claims that does not depend on their arrival."""
    return claim.agent, claim.sequence, canonical_json([claim.value, claim.confidence, claim.reason])


def _tally(field: Field, claims: tuple[Claim, ...], terms: FieldPolicy) -> tuple[Alternative, ...]:
    return tally(claims, lambda claim: field.key(claim.value), terms.weights)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
