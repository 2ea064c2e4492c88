"""Mediation: from the claims on one field to a decision, as a pure function of claims and policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..contracts import (
    LEARNED,
    Alternative,
    Claim,
    ContractError,
    Decision,
    Field,
    FieldPolicy,
    Policy,
    canonical_json,
    first_problem,
)
from .conflict import joined, short
from .rules import Ballot, Context, Rulebook, RuleFailedError, dissent, voters_of
from .voting import VOTING_RULES, is_tie, level, objection
from .voting import Ballot as Votes

__all__ = ["Context", "decide", "dissent", "overruled"]

_ROUNDING = 1e-12
"""What sums of logarithms are off by at most, so that a claim of .9 alone reaches `accept: 0.9`."""


def decide(
    field: Field, claims: Iterable[Claim], policy: Policy, context: Context, terms: FieldPolicy | None = None
) -> Decision:
    """The decision on a field, with version 0; the caller numbers it.

    Where a team below asked a person, that person's word alone counts. Else in this order: `forbid` rules drop
    claims; the first `prefer` rule that holds for any claim leaves only those; the vote, with the policy's quorum
    and threshold; the first `force` rule that holds sets the value; who holds a veto by the terms, and `veto` and
    `review` rules, ask for a person, and the first `route` rule that holds says for whom. A rule that cannot be
    evaluated sends the field to a person. No order of the claims and no clock changes the result.

    Args:
        field: The field.
        claims: The claims on it.
        policy: The rules, and the terms of the vote.
        context: What rules may look at besides the claims.
        terms: The terms of the vote, where they are not the policy's for this field.

    Raises:
        ContractError: A claim's value is not of the field's type, NaN say, or its confidence is not in [0, 1].
    """
    terms = terms or policy.of(field.name)
    every = tuple(claims)
    if policy.rules_for(field.name):
        every = tuple(sorted(every, key=_order))  # of several claims that a rule cannot take, the same one is named
    try:
        return _decide(field, every, policy, context, terms)
    except RuleFailedError as failed:
        candidates = _tally(field, every, policy, context, terms)
        leading = candidates[0] if candidates else None
        return replace(
            _blank(field, policy, candidates, leading, terms),
            status="contested" if leading else "abstained",
            review=True,
            by=f"rule:{failed.rule}",
            rules=(failed.rule,),
            reason=str(failed)[:500],
        )


def _decide(field: Field, claims: tuple[Claim, ...], policy: Policy, context: Context, terms: FieldPolicy) -> Decision:
    rulebook = Rulebook(field, policy.rules_for(field.name), context)
    ballot = rulebook.ballot(claims)
    if ballot.person:
        terms = terms.model_copy(update={"vote": "confidence"})
    candidates = _tally(field, ballot.claims, policy, context, terms)
    decision = _vote(field, policy, ballot, candidates, terms)
    if ballot.person or not (rulebook.rules or terms.review == "always"):
        return decision  # no rule undoes what a person decided
    decision = rulebook.force(decision, ballot)
    if by := overruled(field, decision, ballot, terms):
        decision = replace(decision, status="contested", review=True, reason=f"vetoed by {', '.join(by)}")
    decision, _ = rulebook.veto(decision, ballot)
    least = terms.reviewers or policy.review.reviewers
    decision = rulebook.review(decision, ballot, always=terms.review == "always", least=least)
    return rulebook.route(decision, ballot)


def overruled(field: Field, decision: Decision, ballot: Ballot, terms: FieldPolicy) -> tuple[str, ...]:
    """Those who hold a veto by the terms, and are against a value that a rule prefers or forces; sorted."""
    if not terms.veto or not decision.by.startswith("rule:") or decision.value is None:
        return ()
    key = field.key(decision.value)
    heard = [claim for claim in ballot.heard if claim.agent in terms.veto and terms.weights.get(claim.agent, 1.0)]
    supporters = {claim.agent for claim in heard if field.key(claim.value) == key}
    return tuple(sorted({claim.agent for claim in heard} - supporters))


def _vote(
    field: Field, policy: Policy, ballot: Ballot, candidates: tuple[Alternative, ...], terms: FieldPolicy
) -> Decision:
    leading = candidates[0] if candidates else None
    blank = _blank(field, policy, candidates, leading, terms, ballot.rules)
    if leading is None:
        why = f"rule {ballot.rules[-1]!r} left no claim" if ballot.rules else "nobody claimed a value"
        if ballot.claims:
            why = "only agents of weight 0 claimed a value"
        return replace(blank, status="abstained", reason=why)
    voters = len(voters_of(candidates))
    if is_tie(candidates):
        return replace(blank, reason=f"tie between {joined([short(each.value) for each in level(candidates)])}")
    if ballot.person:
        why = f"decided by a person in {', '.join(leading.agents)}"
        return replace(blank, status="settled", by=f"person:{ballot.person}", reviewer=ballot.person, reason=why)
    if ballot.preferred_by:
        why = f"rule {ballot.preferred_by!r} prefers {', '.join(leading.agents)}"
        return replace(blank, status="settled", by=f"rule:{ballot.preferred_by}", reason=why)
    if why := objection(terms, candidates):
        return replace(blank, review=True, reason=why)
    if voters < terms.quorum:
        return replace(blank, reason=f"{voters} of {terms.quorum} agents needed for a quorum claimed a value")
    if not leading.confidence >= terms.accept - _ROUNDING:  # what is no number is not enough
        return replace(blank, reason=_below(leading.confidence, terms) + _uncalibrated(field, policy, terms))
    reason = f"{len(leading.agents)} of {voters} agents agree, confidence {leading.confidence:.3f}"
    if terms.accept_source:
        reason += f"; accepted from {terms.accept:g} ({terms.accept_source})"
    return replace(blank, status="settled", reason=reason + _uncalibrated(field, policy, terms))


def _below(confidence: float, terms: FieldPolicy) -> str:
    """Why it is not enough, with as many digits as show it."""
    accept = terms.accept
    digits = next((count for count in range(3, 17) if float(f"{confidence:.{count}f}") < accept), 17)
    source = f" ({terms.accept_source})" if terms.accept_source else ""
    return f"confidence {confidence:.{digits}f} is below {accept:g}{source}"


def _uncalibrated(field: Field, policy: Policy, terms: FieldPolicy) -> str:
    """Where the voting rule weighs agents by what was learned, and too little was."""
    if terms.vote not in LEARNED:
        return ""
    known = policy.calibration.fields.get(field.name) if policy.calibration else None
    if known is not None and known.is_enough:
        return ""
    return f"; uncalibrated: {known.labels if known else 0} labels"


def _blank(
    field: Field,
    policy: Policy,
    candidates: tuple[Alternative, ...],
    leading: Alternative | None,
    terms: FieldPolicy,
    rules: tuple[str, ...] = (),
) -> Decision:
    learned = policy.calibration if terms.vote in LEARNED else None
    return Decision(
        field=field.name,
        status="contested",
        version=0,
        value=leading.value if leading else None,
        confidence=leading.confidence if leading else 0.0,
        tally=candidates,
        dissent=dissent(candidates, leading.key) if leading else (),
        rules=rules,
        policy=policy.digest,
        vote=terms.vote,
        calibration=learned.digest if learned and field.name in learned.fields else "",
    )


def _order(claim: Claim) -> tuple[str, int, str]:
    """An order of claims that does not depend on their arrival."""
    try:
        return claim.agent, claim.sequence, canonical_json([claim.value, claim.confidence, claim.reason])
    except (TypeError, ValueError) as error:
        raise _no_claim(claim, error) from error


def _no_claim(claim: Claim, error: Exception) -> ContractError:
    return ContractError(
        f"agent {claim.agent!r}, claim on {claim.field!r}",
        got=f"value {claim.value!r:.80}, confidence {claim.confidence!r}: {first_problem(error)}",
        expected="a value of the field's type, and a confidence in [0, 1]",
        fix="correct it",
    )


def _tally(
    field: Field, claims: tuple[Claim, ...], policy: Policy, context: Context, terms: FieldPolicy
) -> tuple[Alternative, ...]:
    def key(claim: Claim) -> str:
        try:
            return field.key(claim.value)
        except (TypeError, ValueError) as error:
            raise _no_claim(claim, error) from error

    known = policy.calibration.fields.get(field.name) if policy.calibration else None
    place = context.request.get(terms.context, "") if terms.context else ""
    return VOTING_RULES[terms.vote](Votes.of(claims, key, terms, known, str(place), field.key, field.place))
