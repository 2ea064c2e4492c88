"""Explanation: why a field is contested, for the person who looks at it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from ..contracts import Alternative, Change, Claim, Decision, Field, Flip, Policy
from .conflict import conflicts, joined, listed, more_values, short
from .flip import find_flip
from .floor import floor_of
from .mediation import Context, decide, overruled
from .rules import Rulebook, RuleFailedError
from .voting import is_tie, objectors

__all__ = ["explained", "in_words", "shortly"]

_MOST, _LONGEST = 2, 200
"""The most other values that are told, and the most characters of each thing that is told."""


def explained(
    field: Field,
    decision: Decision,
    claims: Iterable[Claim],
    policy: Policy,
    context: Context,
    *,
    silent: Collection[str] = (),
    stale: Iterable[Claim] = (),
) -> Decision:
    """The decision with its conflicts, the smallest change that would have settled it, and both in its reason.

    A decision that is not contested stays as it is. Where a rule or the policy wants a person, and there is no veto,
    no change is looked for. Pure, and the same for every order of the claims.

    Args:
        field: The field.
        decision: The decision on the claims.
        claims: The claims on it.
        policy: The rules, and the terms of the vote.
        context: What rules may look at besides the claims.
        silent: The agents that were asked, and claimed nothing.
        stale: The claims of agents that were made on inputs that have changed since.
    """
    if decision.status != "contested":
        return decision
    every, rules = tuple(claims), policy.rules_for(field.name)
    applied = tuple(rule for rule in rules if rule.name in decision.rules)
    rulebook = Rulebook(field, applied, context)  # what did not hold is not asked again
    terms = policy.of(field.name)
    try:
        ballot = rulebook.ballot(every)
        voting, (_, vetoes) = ballot.claims, rulebook.veto(decision, ballot)
        over = overruled(field, decision, ballot, terms)
    except RuleFailedError:
        voting, vetoes, over = every, {}, ()
    enough = "the vote must be unanimous" if terms.vote == "unanimity" else "holds a veto"
    vetoes = {**dict.fromkeys((*objectors(terms, decision.tally), *over), enough), **vetoes}
    found = conflicts(field, decision, voting, quorum=terms.quorum, silent=silent, stale=stale, vetoes=vetoes)
    flip = None
    if vetoes or not decision.review:
        flip = find_flip(
            every,
            lambda ballot: decide(field, ballot, policy, context),
            field.key,
            silent=silent,
            monotone=not rules and floor_of(terms) is not None,
        )
    return _told(replace(decision, conflicts=found, flip=flip))


def shortly(decision: Decision) -> str:
    """The reason of the decision without what `explained` has added: where many are told at once."""
    return decision.reason.removesuffix(_added(decision)) or decision.reason


def in_words(flip: Flip | None) -> str:
    """The flip as one sentence; empty where there is none."""
    if flip is None:
        return ""
    dropped = [change.agent for change in flip.changes if change.kind == "drop"]
    without = f"without {joined(dropped)}, " if dropped else ""
    what = "nothing" if flip.value is None else short(flip.value)
    others = [_condition(change, flip.value) for change in flip.changes if change.kind != "drop"]
    condition = f" if {' and '.join(others)}" if others else ""
    fewer = "" if flip.exact else " (fewer may be enough)"
    return f"{without}{what} would be settled{condition}{fewer}"


def _condition(change: Change, value: Any) -> str:
    what = "it" if change.value == value else short(change.value)
    silent = ", now silent," if change.kind == "add" else ""
    if change.kind == "raise":
        return f"{change.agent} were {change.confidence:.2f} sure of {what}"
    sure = f" with {change.confidence:.2f}" if change.confidence else ""
    return f"{change.agent}{silent} claimed {what}{sure}"


def _told(decision: Decision) -> Decision:
    return replace(decision, reason=f"{decision.reason}{_added(decision)}")


def _added(decision: Decision) -> str:
    """What is told beside why it is contested: the dissent, and what would have settled it."""
    against = "" if is_tie(decision.tally) else _against(decision.tally)
    flip = in_words(decision.flip) if _is_news(decision) else ""
    return "".join(f"; {part}"[:_LONGEST] for part in (against, flip) if part)


def _is_news(decision: Decision) -> bool:
    """That one claim alone should have been surer says no more than that it was not sure enough."""
    changes = decision.flip.changes if decision.flip else ()
    return len(decision.tally) > 1 or any(change.kind != "raise" for change in changes)


def _against(tally: Sequence[Alternative]) -> str:
    """Who claims which other value."""
    others = tally[1:]
    said = [
        f"{listed(each.agents)} claim{'s' * (len(each.agents) == 1)} {short(each.value)}" for each in others[:_MOST]
    ]
    return ", ".join([*said, *([more_values(len(others) - _MOST)] if len(others) > _MOST else [])])
