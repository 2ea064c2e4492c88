"""Waves: in which order the writers of a field run, and when the rest need not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..agents import Agent
from ..contracts import Decision, Policy, Rule
from .floor import floor_of

__all__ = ["Wave", "is_final", "waves"]

Wave = tuple[Sequence[Agent], Sequence[Agent]]
"""The agents that run now, and those of their tier that are left."""

_ROUNDING = 1e-9


def _alone(agent: Agent) -> Sequence[Agent]:
    return (agent,)


def waves(
    tiers: Sequence[Sequence[Agent]],
    name: str,
    policy: Policy,
    line: Callable[[Agent], Sequence[Agent]] = _alone,
) -> Iterator[Wave]:
    """The agents of each tier in turn, as many at a time as the policy says; those of more weight first.

    All of a tier at once where nothing could be said of the rest before they have run: where a rule about the field
    does more than forbid claims by what they say, where the voting rule states no bound, and where an agent is a
    team, whose claims may carry the word of a person, or acts.

    Args:
        tiers: The writers of the field.
        name: The field.
        policy: The rules, and the terms of the vote.
        line: From an agent to itself and those that take its place where it fails.
    """
    terms = policy.of(name)
    bounded = floor_of(terms) is not None and all(map(_only_takes_away, policy.rules_for(name)))
    for tier in tiers:
        size = len(tier)
        bound = bounded and not any(map(_is_boundless, (each for agent in tier for each in line(agent))))
        if bound and terms.wave:
            size = terms.wave
        order = sorted(tier, key=lambda agent: (-terms.weights.get(agent.name, 1.0), agent.name))
        for start in range(0, len(order), size):
            yield order[start : start + size], order[start + size :]


def _is_boundless(agent: Agent) -> bool:
    return agent.is_team or agent.contract.capability == "action"


def _only_takes_away(rule: Rule) -> bool:
    """Whether the rule only forbids claims, and no run of an agent changes which: `usage` grows with each."""
    return rule.then == "forbid" and isinstance(rule.when, str) and "usage" not in rule.when


def is_final(decision: Decision, rest: Sequence[Agent], policy: Policy) -> bool:
    """Whether the decision ends the search: a tier settled it, or nothing that its rest could claim would change it.

    The outcome that could not change is the status with the value, up to how it is written; its confidence could.

    Args:
        decision: The decision on the claims so far.
        rest: The agents of the tier that have not run.
        policy: The terms of the vote.
    """
    if not rest:
        return decision.status == "settled" or decision.review
    terms = policy.of(decision.field)
    floor = floor_of(terms)
    if floor is None or decision.status != "settled" or decision.by != "vote":
        return False
    least = floor(decision.tally, {agent.name: agent.contract.limits.claims for agent in rest}, terms.weights)
    return least > _ROUNDING and least >= terms.accept + _ROUNDING
