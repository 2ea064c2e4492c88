"""Objection: why the leading value of a vote may not be settled, however sure it is."""

from __future__ import annotations

from ...contracts import Alternative, FieldPolicy

__all__ = ["objection"]


def objection(terms: FieldPolicy, candidates: tuple[Alternative, ...]) -> str:
    """Why the leading value is contested by one who may contest it; empty where nobody does.

    Under `unanimity` any agent that claims another value and not this one; by the key `veto` the named agents, under
    any rule; under the rule `veto` without names every agent that claims another value with a share of its own
    of at least that of 'none of these'. No candidates give no objection.
    """
    if len(candidates) < 2:
        return ""
    leading, *others = candidates
    against = sorted({agent for each in others for agent in each.agents}.difference(leading.agents))
    if terms.vote == "unanimity" and against:
        return f"not unanimous: {', '.join(against)} against"
    if terms.vote == "veto" and not terms.veto:
        none = 1 - sum(each.confidence for each in candidates)
        sure = {agent for each in others for agent in each.agents if each.confidence >= none}
        vetoes = [agent for agent in against if agent in sure]
    else:
        vetoes = [agent for agent in against if agent in terms.veto]
    return f"vetoed by {', '.join(vetoes)}" if vetoes else ""
