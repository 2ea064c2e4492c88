"""Rules: what the written overrides of a policy make of the claims on a field, and of the vote."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..contracts import Alternative, Claim, Decision, Field, Rule, RuleAction, Usage

__all__ = ["NO_USAGE", "Ballot", "Context", "Rulebook", "RuleFailedError", "dissent", "usage_of", "voters_of"]

NO_USAGE: Mapping[str, float] = {"tokens": 0, "seconds": 0.0, "runs": 0}
"""The usage of a turn in which no agent has run."""


def usage_of(runs: Iterable[Usage]) -> Mapping[str, float]:
    """What the runs of a turn took together, as rules see it: tokens in and out, seconds of work, and how many runs."""
    every = tuple(runs)
    return {
        "tokens": sum(run.input_tokens + run.output_tokens for run in every),
        "seconds": math.fsum(run.seconds for run in every),
        "runs": len(every),
    }


@dataclass(frozen=True, slots=True)
class Context:
    """What rules may look at besides the claims."""

    request: Mapping[str, Any]
    """The request, as plain data."""
    decided: Mapping[str, Any]
    """The typed values of the settled ones of the fields that the rules read, by name."""
    usage: Mapping[str, float] = field(default_factory=lambda: NO_USAGE)
    """What the turn has taken so far: `tokens`, `seconds` and `runs` of agents."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """The claims that vote, and the rules that shaped them."""

    claims: tuple[Claim, ...]
    """The claims that vote."""
    heard: tuple[Claim, ...]
    """Those that no rule forbade: they may veto, also where others are preferred."""
    preferred_by: str = ""
    """The name of the rule that prefers them."""
    rules: tuple[str, ...] = ()
    """Names of the rules that applied, in order."""
    person: str = ""
    """The people who decided it in a team below; their word alone counts."""


class RuleFailedError(Exception):
    """A rule could not be evaluated."""

    def __init__(self, rule: Rule, error: Exception) -> None:
        why = str(error).removeprefix(f"rule {rule.name!r}, when: ")
        super().__init__(f"rule {rule.name!r} could not be evaluated: {why}")
        self.rule = rule.name
        """Its name."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules about one field, and what they look at.

    Each method is one stage of a decision, in the order of the methods: `forbid` and `prefer`, then the vote, then
    `force`, `veto`, `review` and `route`. Within a stage rules are asked in their order.

    Each raises `RuleFailedError` where a rule that is asked cannot be evaluated.
    """

    field: Field
    """The field."""
    rules: tuple[Rule, ...]
    """The rules about it, in the order in which they are asked."""
    context: Context
    """What they may look at besides the claims."""

    def ballot(self, claims: tuple[Claim, ...]) -> Ballot:
        """The claims that vote: what a person said alone, else those that are not forbidden, of these the preferred."""
        words = tuple(claim for claim in claims if claim.person)
        if words:
            return Ballot(words, words, person=", ".join(sorted({claim.person for claim in words})))
        applied: list[str] = []
        for rule in self._then("forbid"):
            kept = tuple(claim for claim in claims if not self._claim_holds(rule, claim))
            if len(kept) < len(claims):
                applied.append(rule.name)
                claims = kept
        for rule in self._then("prefer"):
            preferred = tuple(claim for claim in claims if self._claim_holds(rule, claim))
            if preferred:
                return Ballot(preferred, claims, rule.name, (*applied, rule.name))
        return Ballot(claims, claims, rules=tuple(applied))

    def force(self, decision: Decision, ballot: Ballot) -> Decision:
        """The decision with the value of the first `force` rule that holds."""
        for rule in self._then("force"):
            if self._outcome_holds(rule, decision, ballot):
                value = self._forced(rule)
                return replace(
                    decision,
                    status="settled",
                    value=value,
                    confidence=1.0,
                    by=f"rule:{rule.name}",
                    reason=rule.reason or f"rule {rule.name!r} sets it",
                    dissent=dissent(decision.tally, self.field.key(value)),
                    rules=(*decision.rules, rule.name),
                )
        return decision

    def veto(self, decision: Decision, ballot: Ballot) -> tuple[Decision, Mapping[str, str]]:
        """The decision, contested where a claim with a veto is for another value; and who vetoes it, with why.

        An agent that claims the value too has no veto. Where there is no value there is nothing to be against.
        """
        if decision.status == "abstained":
            return decision, {}
        key = self.field.key(decision.value)
        supporters = {claim.agent for claim in ballot.heard if self.field.key(claim.value) == key}
        others = [claim for claim in ballot.heard if claim.agent not in supporters]
        vetoes: dict[str, str] = {}
        reasons: list[str] = []
        hits: list[Rule] = []
        for rule in self._then("veto"):
            agents = sorted({claim.agent for claim in others if self._claim_holds(rule, claim)})
            if agents:
                hits.append(rule)
                why = f"rule {rule.name!r}" + (f", {rule.reason}" if rule.reason else "")
                reasons.append(f"vetoed by {', '.join(agents)}: {why}")
                vetoes |= {agent: f"{vetoes[agent]}; {why}" if agent in vetoes else why for agent in agents}
        return _contest(decision, hits, reasons), dict(sorted(vetoes.items()))

    def review(self, decision: Decision, ballot: Ballot, *, always: bool, least: int) -> Decision:
        """The decision, contested where a `review` rule holds or the policy always wants a person.

        It takes the largest number of reviewers that one of the rules asks for, and who they are from the first of
        the rules with that number that says so.

        Args:
            decision: What stands so far.
            ballot: The claims.
            always: Whether the policy wants a person whatever the vote says.
            least: How many people must agree by the policy; a rule asks for no fewer.
        """
        if decision.status == "abstained":
            return decision  # there is no value to confirm
        hits = [rule for rule in self._then("review") if self._outcome_holds(rule, decision, ballot)]
        reasons = [rule.reason or f"rule {rule.name!r} asks for a person" for rule in hits]
        if always:
            reasons.append("the policy asks for a person")
        decision = _contest(decision, hits, reasons)
        named = sorted((rule for rule in hits if rule.reviewers_from), key=lambda rule: -rule.reviewers)
        asked = max((rule.reviewers for rule in hits), default=0)
        return replace(
            decision,
            reviewers=max(asked, least) if asked else 0,
            to=named[0].reviewers_from if named else (),
        )

    def route(self, decision: Decision, ballot: Ballot) -> Decision:
        """The decision with those whom the first `route` rule that holds asks, where it is not settled.

        Whom a `review` rule wants to confirm it goes first.
        """
        if decision.status == "settled":
            return decision
        for rule in self._then("route"):
            if self._outcome_holds(rule, decision, ballot):
                return replace(decision, to=decision.to or rule.to, rules=(*decision.rules, rule.name))
        return decision

    def _forced(self, rule: Rule) -> Any:
        try:
            return self.field.plain(rule.value)
        except ValueError as error:
            raise RuleFailedError(rule, error) from error

    def _then(self, action: RuleAction) -> Iterable[Rule]:
        return (rule for rule in self.rules if rule.then == action)

    def _claim_holds(self, rule: Rule, claim: Claim) -> bool:
        return _holds(
            rule,
            lambda: {
                **self._shared,
                "value": self.field.parse(claim.value),
                "confidence": claim.confidence,
                "agent": claim.agent,
                "reason": claim.reason,
                **_evidence([claim]),
            },
        )

    def _outcome_holds(self, rule: Rule, decision: Decision, ballot: Ballot) -> bool:
        def variables() -> Mapping[str, Any]:
            key = None if decision.value is None else self.field.key(decision.value)
            leading = decision.tally[0].agents if decision.tally else ()
            behind = next((each.agents for each in decision.tally if each.key == key), ())
            return {
                **self._shared,
                "value": None if decision.value is None else self.field.parse(decision.value),
                "confidence": decision.confidence,
                "status": decision.status,
                "support": len(leading),
                "voters": len(voters_of(decision.tally)),
                "dissent": len(decision.dissent),
                "agents": list(behind),
                **_evidence(
                    [each for each in ballot.claims if each.agent in behind and self.field.key(each.value) == key]
                ),
            }

        return _holds(rule, variables)

    @property
    def _shared(self) -> dict[str, Any]:
        return {
            "field": self.field.name,
            "request": self.context.request,
            "decided": self.context.decided,
            "usage": self.context.usage,
        }


def dissent(candidates: Iterable[Alternative], key: str | None) -> tuple[str, ...]:
    """The agents that claim another value and not this one, sorted; without a value all who claim one.

    Args:
        candidates: The tally.
        key: The canonical text of the value, or None if there is none.
    """
    others = {agent for each in candidates for agent in each.agents if each.key != key}
    return tuple(sorted(others - {agent for each in candidates for agent in each.agents if each.key == key}))


def voters_of(candidates: Iterable[Alternative]) -> set[str]:
    """The agents that claim any value."""
    return {agent for each in candidates for agent in each.agents}


def _contest(decision: Decision, hits: list[Rule], reasons: list[str]) -> Decision:
    """The decision with a person asked for these reasons, and with the rules that asked."""
    if not reasons:
        return decision
    rules, reason = (*decision.rules, *(rule.name for rule in hits)), "; ".join(reasons)
    if decision.status == "settled":
        return replace(decision, status="contested", review=True, reason=reason, rules=rules)
    return replace(decision, reason=f"{decision.reason}; {reason}", rules=rules)


def _evidence(claims: list[Claim]) -> dict[str, Any]:
    seen = [each for claim in claims for each in claim.evidence]
    return {"evidence": len(seen), "sources": sorted({each.kind for each in seen})}


def _holds(rule: Rule, variables: Callable[[], Mapping[str, Any]]) -> bool:
    try:
        return rule.holds(variables())
    except Exception as error:
        raise RuleFailedError(rule, error) from error
