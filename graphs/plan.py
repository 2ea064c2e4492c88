"""Plan: which decisions follow from the claims so far, and which agents are needed for what is still open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..agents import Agent
from ..contracts import Claim, Decision, Policy
from .mediation import Context, decide
from .roster import Roster
from .turn import Turn

__all__ = ["Plan", "plan"]

Standing = Literal["ready", "running", "asking", "dead"]
"""Where a field stands for those who read it.

`ready`: it has a value, or may stay empty. `running`: agents are at work on it, or will be. `asking`: a
person must look first. `dead`: it will get no value in this turn.
"""

_MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from the state: decisions, agents to run, fields to ask about."""

    decisions: Mapping[str, Decision]
    """All standing decisions, the new ones among them, by field."""
    changed: tuple[str, ...]
    """Fields whose decision is new or different."""
    ready: Mapping[str, Mapping[str, int]]
    """Agents whose inputs are there and that have not run on them, with the versions that they will read."""
    asking: tuple[str, ...]
    """Fields that a person must decide, sorted."""
    dead: tuple[str, ...]
    """Goals that will get no value, sorted."""
    bases: Mapping[str, Mapping[str, int]]
    """For each agent that can run now, the versions that it would read."""


def plan(turn: Turn, roster: Roster, policy: Policy) -> Plan:
    """What follows from the state; a pure function.

    Backward chaining: from each goal to its writers, tier by tier, and from a writer to the fields that it
    reads. A field is decided when all writers of the tiers that are in play have run on the current
    versions of what they read; claims that were made on older versions do not vote. A field that a person
    has decided is never decided again.
    """
    chain = _Chain(turn, roster, policy)
    standings = {goal: chain.field(goal) for goal in turn.goals}
    return Plan(
        decisions=chain.decisions,
        changed=tuple(name for name, each in chain.decisions.items() if turn.decisions.get(name) != each),
        ready=dict(sorted(chain.ready.items())),
        asking=tuple(sorted(chain.asking)),
        dead=tuple(sorted(goal for goal, standing in standings.items() if standing == "dead")),
        bases=chain.bases,
    )


class _Chain:
    """One walk of the backward chaining; it remembers what it has seen."""

    def __init__(self, turn: Turn, roster: Roster, policy: Policy) -> None:
        self.turn, self.roster, self.policy = turn, roster, policy
        self.decisions: dict[str, Decision] = dict(turn.decisions)
        self.ready: dict[str, Mapping[str, int]] = {}
        self.bases: dict[str, Mapping[str, int]] = {}
        self.asking: set[str] = set()
        self._fields: dict[str, Standing] = {}
        self._claims: dict[str, list[Claim]] = {}
        for claim in turn.claims:
            self._claims.setdefault(claim.field, []).append(claim)

    def field(self, name: str) -> Standing:
        """Where the field stands, after deciding whatever can be decided."""
        if name not in self._fields:
            self._fields[name] = self._field(name)
        return self._fields[name]

    def _field(self, name: str) -> Standing:
        standing = self.turn.decisions.get(name)
        if standing is not None and standing.locked:
            return "ready" if standing.status == "settled" or not self.roster.outcome[name].required else "dead"
        in_play: set[str] = set()
        decision = None
        for tier in self.roster.tiers[name]:
            states = {agent.name: self._agent(agent) for agent in tier}
            if "running" in states.values():
                return "running"
            if "asking" in states.values():
                return "asking"
            in_play |= states.keys()
            decision = self._decide(name, in_play)
            if decision.status == "settled" or decision.review:
                break
        if decision is None or self._has_pending_effect(name):
            return "running" if decision is not None else "dead"
        return self._conclude(name, decision)

    def _agent(self, agent: Agent) -> Standing:
        """`ready` here means that it has run on what it would read now."""
        basis: dict[str, int] = {}
        standings: set[Standing] = set()
        for name in sorted(agent.contract.reads):
            if name in self.roster.outcome:
                standings.add(self.field(name))
                if name in self.decisions:
                    basis[name] = self.decisions[name].version
            elif name == _MESSAGES and name not in self.roster.request:
                basis[name] = len(self.turn.messages)
        for worst in ("dead", "running", "asking"):
            if worst in standings:
                return worst
        self.bases[agent.name] = basis
        if basis in self.turn.runs.get(agent.name, ()):
            return "ready"
        self.ready[agent.name] = basis
        return "running"

    def _has_pending_effect(self, name: str) -> bool:
        return any(
            effect.field == name
            and effect.status in ("proposed", "approved", "unknown")
            and effect.basis == self.bases.get(effect.agent)
            for effect in self.turn.effects.values()
        )

    def _decide(self, name: str, in_play: set[str]) -> Decision:
        claims = [
            claim
            for claim in self._claims.get(name, ())
            if claim.agent in in_play and claim.basis == self.bases.get(claim.agent)
        ]
        context = Context(self.turn.request, _Settled(self.roster, self.decisions))
        fresh = decide(self.roster.outcome[name], claims, self.policy, context)
        old = self.turn.decisions.get(name)
        if old is None:
            return replace(fresh, version=1)
        same = old.status == fresh.status and self._key(name, old.value) == self._key(name, fresh.value)
        return replace(fresh, version=old.version if same else old.version + 1)

    def _key(self, name: str, value: Any) -> str | None:
        return None if value is None else self.roster.outcome[name].key(value)

    def _conclude(self, name: str, decision: Decision) -> Standing:
        self.decisions[name] = decision
        if decision.status == "settled":
            return "ready"
        if name in self.roster.actions:
            return "dead" if self.roster.outcome[name].required else "ready"
        optional = not self.roster.outcome[name].required
        if decision.status == "abstained" and optional:
            return "ready"
        if self.policy.of(name).review == "never" and not decision.review:
            return "ready" if optional else "dead"
        self.asking.add(name)
        return "asking"


class _Settled(Mapping[str, Any]):
    """The typed values of the settled fields, parsed only when a rule looks."""

    def __init__(self, roster: Roster, decisions: Mapping[str, Decision]) -> None:
        self._fields = roster.outcome
        self._values = {name: each.value for name, each in decisions.items() if each.status == "settled"}

    def __getitem__(self, name: str) -> Any:
        return self._fields[name].parse(self._values[name])

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
