"""Objection: why the leading value of a vote may not be settled, however sure it is."""

from __future__ import annotations

from ...contracts import Alternative, FieldPolicy

__all__ = ["objection", "objectors"]


def objection(terms: FieldPolicy, candidates: tuple[Alternative, ...]) -> str:
    """Why the leading value is contested by one who may contest it; empty where nobody does."""
    against = ", ".join(objectors(terms, candidates))
    if not against:
        return ""
    return f"not unanimous: {against} against" if terms.vote == "unanimity" else f"vetoed by {against}"


def objectors(terms: FieldPolicy, candidates: tuple[Alternative, ...]) -> tuple[str, ...]:
    """Who contests the leading value, and may; sorted.

    Under `unanimity` any agent that claims another value and not this one; by the key `veto` the named agents, under
    any rule; under the rule `veto` without names every agent that claims another value with a share of its own
    of at least that of 'none of these'. No candidates give no objection.
    """
    if len(candidates) < 2:
        return ()
    leading, *others = candidates
    against = sorted({agent for each in others for agent in each.agents}.difference(leading.agents))
    if terms.vote == "unanimity":
        return tuple(against)
    if terms.vote == "veto" and not terms.veto:
        none = 1 - sum(each.confidence for each in candidates)
        sure = {agent for each in others for agent in each.agents if each.confidence >= none}
        return tuple(agent for agent in against if agent in sure)
    return tuple(agent for agent in against if agent in terms.veto)
