"""Plan: which decisions follow from the claims so far, and which agents are needed for what is still open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from ..agents import Agent
from ..contracts import Claim, Decision, FieldPolicy, Passage, Policy, round_key
from .doubts import Doubts
from .explanation import explained
from .fallback import has_failed
from .mediation import Context, decide
from .roster import Roster
from .rounds import Rounds
from .rules import usage_of
from .turn import Turn
from .waves import is_final, waves

__all__ = ["Plan", "plan"]

Standing = Literal["ready", "running", "asking", "closed", "dead"]
"""Where a field stands for those who read it.

`ready`: it has a value, or may stay empty. `running`: agents are at work on it, or will be. `asking`: a
person must look first. `closed`: a person left it, or all that it is derived from, without a value. `dead`: it
will get no value in this turn, for another reason.
"""

_MESSAGES = "messages"
_UNREADY: tuple[Standing, ...] = ("running", "asking")
_ENDED: tuple[Standing, ...] = ("dead", "closed")
_FACT = FieldPolicy(accept=0.0, quorum=1, review="never")
"""The terms for what became of an effect: the policy's thresholds are about opinions."""


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
    closed: tuple[str, ...]
    """Goals that a person left without a value, themselves or all that they are derived from; sorted."""
    bases: Mapping[str, Mapping[str, int]]
    """For each agent that can run now, the versions that it would read."""
    held: frozenset[str]
    """Agents whose inputs are being decided; what they proposed before waits with them."""
    ended: frozenset[str]
    """Agents that will not run any more in this turn: something that they read was left without a value."""
    open: frozenset[str]
    """Fields that agents or a person are still at work on."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """For each agent that takes the place of one that failed: of which."""


def plan(turn: Turn, roster: Roster, policy: Policy) -> Plan:
    """What follows from the state; a pure function.

    Backward chaining: from each goal to its writers, tier by tier, and from a writer to the fields that it
    reads. A field is decided when the fields that its rules look at are, and all writers of the tiers that
    are in play have run on the current versions of what they read; claims that were made on older versions
    do not vote. A field that a person has decided is never decided again.
    """
    chain = _Chain(turn, roster, policy)
    goals = [goal for goal in turn.goals if goal in roster.outcome]  # a checkpoint may be older than the team
    standings = {goal: chain.field(goal) for goal in goals}
    for effect in turn.effects.values():
        if effect.status in ("proposed", "approved") and effect.name in policy.effects:
            for name in sorted(policy.effects[effect.name].upstream):
                chain.field(name)
    return Plan(
        decisions=chain.decisions,
        changed=tuple(name for name, each in chain.decisions.items() if turn.decisions.get(name) != each),
        ready=dict(sorted(chain.ready.items())),
        asking=tuple(sorted(chain.asking)),
        dead=tuple(sorted(goal for goal, standing in standings.items() if standing == "dead")),
        closed=tuple(sorted(goal for goal, standing in standings.items() if standing == "closed")),
        bases=chain.bases,
        held=frozenset(chain.held),
        ended=frozenset(chain.ended),
        open=chain.open,
        instead=chain.instead,
    )


class _Chain:
    """One walk of the backward chaining; it remembers what it has seen."""

    def __init__(self, turn: Turn, roster: Roster, policy: Policy) -> None:
        self.turn, self.roster, self.policy = turn, roster, policy
        self.decisions: dict[str, Decision] = dict(turn.decisions)
        self.ready: dict[str, Mapping[str, int]] = {}
        self.bases: dict[str, Mapping[str, int]] = {}
        self.asking: set[str] = set()
        self.held: set[str] = set()
        self.ended: set[str] = set()
        self.instead: dict[str, str] = {}
        self._fields: dict[str, Standing] = {}
        self._rounds = Rounds(turn, roster, policy)
        self._doubts = Doubts(turn, roster, policy, self._rounds)

    def field(self, name: str) -> Standing:
        """Where the field stands, after deciding whatever can be decided."""
        if name not in self._fields:
            self._fields[name] = self._field(name)
        return self._fields[name]

    def _field(self, name: str) -> Standing:
        standing = self.turn.decisions.get(name)
        if standing is not None and standing.locked:
            if standing.status == "settled" or not self.roster.outcome[name].required:
                return "ready"
            return "dead" if standing.by.startswith("policy:") and standing.reason_code == "leave" else "closed"
        heeded = {self.field(upstream) for upstream in sorted(self.policy.upstream(name))}
        states: dict[str, Standing] = {}
        decision = Decision(name, "abstained", 0)
        for wave, rest in waves(self.roster.tiers[name], name, self.policy, self.roster.line):
            states |= {name: standing for agent in wave for name, standing in self._line(agent)}
            for unready in _UNREADY:
                if unready in states.values() or unready in heeded:
                    return unready
            decision = self._decide(name, dict.fromkeys(states, 0))
            if is_final(decision, [each for agent in rest for each in self.roster.line(agent)], self.policy):
                decision = replace(decision, reason=f"{decision.reason}{_why_spared(rest)}")
                break
        if self._has_pending_effect(name):
            return "running"
        decision, rounds = self._revise(name, decision, states)
        if rounds is None:
            return "running"
        if decision.status == "abstained" and not decision.review and set(states.values()) <= {"closed", "dead"}:
            decision = replace(decision, reason="what it is derived from has no value")
        reached = self._conclude(name, self._explain(name, decision, rounds, states))
        return "closed" if reached == "dead" and set(states.values()) == {"closed"} else reached

    def _line(self, agent: Agent) -> Iterator[tuple[str, Standing]]:
        """Where the agent stands, and those that take its place, each as far as those before it have failed."""
        for each in self.roster.line(agent):
            if each is not agent:
                self.instead[each.name] = each.contract.instead_of
            standing = self._agent(each)
            yield each.name, standing
            if standing != "ready" or not has_failed(self.turn, each.name, self.bases[each.name], self.policy):
                return

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
                basis[name] = self.turn.heard
        for ended in _ENDED:
            if ended in standings:
                self.ended.add(agent.name)
                return ended
        for unready in _UNREADY:
            if unready in standings:
                self.held.add(agent.name)
                return unready
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

    def _has_failed_effect(self, name: str) -> bool:
        return any(
            effect.field == name and effect.status == "failed" and effect.basis == self.bases.get(effect.agent)
            for effect in self.turn.effects.values()
            if not effect.undoes
        )

    def _decide(self, name: str, rounds: Mapping[str, int]) -> Decision:
        """The decision on the claims of these agents, each of the round that is given."""
        claims = self._rounds.counting(name, self.bases, rounds)
        facts = [claim for claim in claims if self._is_fact(claim)] if name in self.roster.actions else []
        field, context = self.roster.outcome[name], self._context(name)
        if facts and field.holds_several:
            claims = [claim for claim in claims if claim not in facts]
            facts = [] if self._has_failed_effect(name) else [_joined(facts)]
        fresh = decide(field, facts or claims, self.policy, context, terms=_FACT if facts else None)
        return self._number(name, fresh if facts else self._doubts.heed(name, fresh, self.bases, rounds))

    def _context(self, name: str) -> Context:
        upstream = self.policy.upstream(name)
        settled = {each: self.decisions[each] for each in upstream if self.has_value(each)}
        return Context(self.turn.request, _Settled(self.roster, settled), self._usage)

    def _revise(
        self, name: str, decision: Decision, states: Mapping[str, Standing]
    ) -> tuple[Decision, Mapping[str, int] | None]:
        """The decision after its rounds of revision, and the agents' rounds; None for these while agents are at it."""
        if name in self.roster.actions:
            return decision, dict.fromkeys(states, 0)
        revised = self._rounds.revise(name, decision, self.bases, states, lambda rounds: self._decide(name, rounds))
        for agent, number in revised.wanted.items():
            self.ready[agent] = {**self.ready.get(agent, self.bases[agent]), round_key(name): number}
        return revised.decision, None if revised.wanted else revised.rounds

    def _explain(
        self, name: str, decision: Decision, rounds: Mapping[str, int], states: Mapping[str, Standing]
    ) -> Decision:
        if name in self.roster.actions or decision.status != "contested":
            return decision
        claims = self._rounds.counting(name, self.bases, rounds)
        ran = {agent for agent, standing in states.items() if standing == "ready"}
        return explained(
            self.roster.outcome[name],
            decision,
            claims,
            self.policy,
            self._context(name),
            silent=ran - {claim.agent for claim in claims},
            stale=self._rounds.stale(name, self.bases, rounds),
        )

    def _is_fact(self, claim: Claim) -> bool:
        """Whether it is what the ledger recorded of an effect, which is no matter of opinion."""
        return any(
            isinstance(seen, Passage) and seen.source == "ledger" and (claim.agent, seen.key) in self._executed
            for seen in claim.evidence
        )

    @cached_property
    def _usage(self) -> Mapping[str, float]:
        return usage_of(self.turn.usage)

    @cached_property
    def _executed(self) -> frozenset[tuple[str, str]]:
        """The effects that were executed, by agent and idempotency key."""
        return frozenset((e.agent, e.key) for e in self.turn.effects.values() if e.status in ("done", "duplicate"))

    def has_value(self, name: str) -> bool:
        """Whether the field has a value that holds in this walk."""
        return self._fields.get(name) == "ready" and self.decisions[name].status == "settled"

    @property
    def open(self) -> frozenset[str]:
        """Fields that are not decided yet."""
        return frozenset(name for name, standing in self._fields.items() if standing in _UNREADY)

    def _number(self, name: str, fresh: Decision) -> Decision:
        """The decision with its version: a new one where the value or the status changes."""
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
        if decision.status == "abstained" and optional and name not in self._doubts.unfunded:
            return "ready"
        if self.policy.of(name).review == "never" and not self._wants_person(decision):
            return "ready" if optional else "dead"
        self.asking.add(name)
        return "asking"

    def _wants_person(self, decision: Decision) -> bool:
        """Whether a rule wants a person, also where the vote alone would not have settled it."""
        asking = {rule.name for rule in self.policy.rules if rule.then in ("review", "veto")}
        return decision.review or not asking.isdisjoint(decision.rules)


def _joined(facts: Sequence[Claim]) -> Claim:
    """The answers to several effects as one list: in the order of the agents' names, and in which each proposed."""
    in_order = sorted(facts, key=lambda claim: (claim.agent, claim.sequence))
    return replace(
        in_order[0],
        value=[item for claim in in_order for item in claim.value],
        evidence=tuple(seen for claim in in_order for seen in claim.evidence),
    )


def _why_spared(rest: Sequence[Agent]) -> str:
    return f"; {', '.join(agent.name for agent in rest)} could not change it" if rest else ""


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
