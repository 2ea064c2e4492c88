"""Silence: why nobody claimed a value of a field, where agents that write it have failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..contracts import Policy
from .fallback import has_failed
from .plan import Plan
from .roster import Roster
from .turn import Turn

__all__ = ["with_failures"]


def with_failures(drawn: Plan, turn: Turn, roster: Roster, policy: Policy) -> Plan:
    """The plan, in which the reason of a field that nobody claimed a value for names the agents that failed. Pure."""
    if not turn.faults:
        return drawn
    decisions = dict(drawn.decisions)
    for name, decision in drawn.decisions.items():
        if decision.status == "abstained" and not decision.tally and not decision.locked:
            failed = ", ".join(_failures(name, drawn, turn, roster, policy))
            if failed:
                decisions[name] = replace(decision, reason=f"{decision.reason}; {failed}")
    return replace(drawn, decisions=decisions)


def _failures(field: str, drawn: Plan, turn: Turn, roster: Roster, policy: Policy) -> Iterator[str]:
    """The agents that write the field and failed on what they read now, each with the kind of its last fault."""
    kinds = {fault.agent: fault.kind for fault in turn.faults if fault.is_failure and fault.kind != "effect"}
    for name, kind in kinds.items():
        agent = roster.agents.get(name)
        writes = agent is not None and field in agent.contract.writes
        if writes and has_failed(turn, name, drawn.bases.get(name), policy):
            yield f"{name} failed: {kind}"
