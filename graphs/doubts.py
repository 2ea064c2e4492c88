"""Doubts: why a person must decide a field, whatever the vote says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..contracts import Decision, Policy, Status
from .budget import is_refused
from .entry import wants_person
from .roster import Roster
from .rounds import Rounds
from .turn import Turn

__all__ = ["Doubts"]

Bases = Mapping[str, Mapping[str, int]]


class Doubts:
    """What sends a decided field to a person: an earlier word of a person, a guardrail, or a budget.

    Args:
        turn: The shared state.
        roster: The team.
        policy: The rules.
        rounds: The rounds of revision.
    """

    def __init__(self, turn: Turn, roster: Roster, policy: Policy, rounds: Rounds) -> None:
        self._turn, self._roster, self._policy, self._rounds = turn, roster, policy, rounds
        self.unfunded: set[str] = set()
        """The fields that were decided without an agent that there was no budget for."""

    def heed(self, name: str, fresh: Decision, bases: Bases, rounds: Mapping[str, int]) -> Decision:
        """The decision, or that a person must decide.

        Args:
            name: The field.
            fresh: What was decided on the claims.
            bases: For each agent the versions that it would read now.
            rounds: The agents that were heard, each with its round of revision.
        """
        if fresh.by.startswith("person:"):
            return fresh
        heeded = self._heed_guardrails(name, rounds, bases, self._heed_words(name, fresh))
        return self._heed_budget(name, rounds, bases, heeded)

    def _heed_words(self, name: str, fresh: Decision) -> Decision:
        """What agents decide against an earlier word of a person, in a team below, goes to a person again, for good."""
        if fresh.status != "settled":
            return fresh
        words = [claim for claim in self._rounds.claims(name) if claim.person]
        against = [claim for claim in words if self._key(name, claim.value) != self._key(name, fresh.value)]
        if not against:
            return fresh
        last = against[-1]
        why = f"{last.person} decided {last.value!r:.40} in {last.agent}, and the agents have decided otherwise since"
        return replace(fresh, status="contested", review=True, reason=f"{why}: it is decided here")

    def _heed_budget(self, name: str, agents: Iterable[str], bases: Bases, fresh: Decision) -> Decision:
        """What was decided without an agent that there was no budget for goes to a person, if the policy says so."""
        if not self._policy.budgets or self._policy.budgets.at_limit != "review":
            return fresh
        refused = [agent for agent in agents if is_refused(self._turn, agent, bases.get(agent))]
        if not refused:
            return fresh
        self.unfunded.add(name)
        why = f"there is no budget for {', '.join(sorted(refused))}"
        status: Status = "abstained" if fresh.value is None else "contested"
        return replace(fresh, status=status, review=True, reason=f"{why}: {fresh.reason}")

    def _heed_guardrails(self, name: str, rounds: Mapping[str, int], bases: Bases, fresh: Decision) -> Decision:
        """What a guardrail fired on goes to a person, whatever the vote says, while it counts."""
        for fault in self._turn.faults:
            agent, counts = fault.agent, self._rounds.counts(fault.agent, fault.basis, name, bases, rounds)
            if name in fault.fields and wants_person(fault, agent, fault.basis if counts else None):
                why = f"guardrail {fault.code}: {fault.message}"
                status: Status = "abstained" if fresh.status == "abstained" else "contested"
                return replace(fresh, status=status, review=True, reason=why)
        return fresh

    def _key(self, name: str, value: Any) -> str | None:
        return None if value is None else self._roster.outcome[name].key(value)
