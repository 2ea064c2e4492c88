"""Rounds: whose claims count for a field, after agents were shown what the others claim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..contracts import Claim, Decision, Policy, base_of, fields_revised
from .roster import Roster
from .turn import Turn

__all__ = ["Revised", "Rounds"]

Bases = Mapping[str, Mapping[str, int]]
Decide = Callable[[Mapping[str, int]], Decision]


@dataclass(frozen=True, slots=True)
class Revised:
    """Where a field stands with its rounds of revision."""

    decision: Decision
    """The decision on the claims that count."""
    rounds: Mapping[str, int]
    """For each agent the round whose claims count; 0 for its first run."""
    wanted: Mapping[str, int] = field(default_factory=dict)
    """The agents that may revise now, with the round; empty where it has come to an end."""


class Rounds:
    """The claims of a turn, by field and round.

    A run that revises fields has its round of each in its basis; its claims count for these fields only. So what
    an agent says anew about another field by the way unsettles nothing.

    Args:
        turn: The shared state.
        roster: The team.
        policy: Its `revise` and its bound on the runs of an agent.
    """

    def __init__(self, turn: Turn, roster: Roster, policy: Policy) -> None:
        self._turn, self._roster, self._policy = turn, roster, policy
        self._claims: dict[str, list[Claim]] = {}
        for claim in turn.claims:
            self._claims.setdefault(claim.field, []).append(claim)

    def claims(self, name: str) -> list[Claim]:
        """All claims of the turn on the field, also those that do not count any more."""
        return self._claims.get(name, [])

    def counting(self, name: str, bases: Bases, rounds: Mapping[str, int]) -> list[Claim]:
        """The claims that count: those of the agents' rounds, made on what they would read now."""
        return [claim for claim in self.claims(name) if self.counts(claim.agent, claim.basis, name, bases, rounds)]

    def counts(self, agent: str, basis: Mapping[str, int], name: str, bases: Bases, rounds: Mapping[str, int]) -> bool:
        """Whether what a run of the agent said of the field counts, by what that run read."""
        return agent in rounds and self._is_of(basis, bases.get(agent), name, rounds[agent])

    def stale(self, name: str, bases: Bases, rounds: Mapping[str, int]) -> list[Claim]:
        """The last claims of agents that claim nothing any more, where their inputs have changed since."""
        heard = {claim.agent for claim in self.counting(name, bases, rounds)}
        old = [
            claim
            for claim in self.claims(name)
            if claim.agent in rounds.keys() - heard and base_of(claim.basis) != bases.get(claim.agent)
        ]
        # Versions only grow: the newest of an agent's runs read the highest, in whatever order the claims stand.
        last = {claim.agent: claim.basis for claim in sorted(old, key=lambda each: sum(each.basis.values()))}
        return [claim for claim in old if claim.basis == last[claim.agent]]

    def revise(self, name: str, decision: Decision, bases: Bases, agents: Iterable[str], decide: Decide) -> Revised:
        """The decision after the rounds that were held, and who may revise next.

        A round is held where the field is contested by the vote, the policy has one left, an agent that reads
        `others` has a claim, and another agent has one too. It is the last where no agent claims a value that it
        has not claimed before. What an agent claimed before it failed in a round goes on counting.

        Args:
            name: The field.
            decision: The decision on the first claims.
            bases: For each agent the versions that it would read.
            agents: The agents that are in play, and have run.
            decide: The decision on the claims of these rounds.
        """
        rounds = dict.fromkeys(agents, 0)
        said: set[tuple[str, str]] = set()
        for number in range(1, self._policy.of(name).revise + 1):
            if decision.status != "contested" or decision.review:
                break
            now = self._said(name, bases, rounds)
            if now <= said:
                break
            said |= now
            asked = self._asked(name, bases, rounds, number)
            if not asked:
                break
            wanted = {agent: number for agent in asked if not self._runs(agent, bases, name, number)}
            if wanted:
                return Revised(decision, rounds, wanted)
            rounds |= {agent: number for agent in asked if not self._has_failed(agent, bases, name, number)}
            decision = decide(rounds)
        return Revised(decision, rounds)

    def _said(self, name: str, bases: Bases, rounds: Mapping[str, int]) -> set[tuple[str, str]]:
        key = self._roster.outcome[name].key
        return {(claim.agent, key(claim.value)) for claim in self.counting(name, bases, rounds)}

    def _asked(self, name: str, bases: Bases, rounds: Mapping[str, int], number: int) -> list[str]:
        claiming = {claim.agent for claim in self.counting(name, bases, rounds)}
        most = self._policy.bounds.rounds
        return [
            agent
            for agent in sorted(claiming)
            if len(claiming) > 1
            and self._roster.shows_others(agent)
            and (len(self._turn.runs.get(agent, ())) < most or self._runs(agent, bases, name, number))
        ]

    def _runs(self, agent: str, bases: Bases, name: str, number: int) -> list[Mapping[str, int]]:
        """The runs of that round of the field; one, or none."""
        return [basis for basis in self._turn.runs.get(agent, ()) if self._is_of(basis, bases.get(agent), name, number)]

    def _has_failed(self, agent: str, bases: Bases, name: str, number: int) -> bool:
        return any(
            fault.is_failure and fault.agent == agent and self._is_of(fault.basis, bases.get(agent), name, number)
            for fault in self._turn.faults
        )

    @staticmethod
    def _is_of(basis: Mapping[str, int], base: Mapping[str, int] | None, name: str, number: int) -> bool:
        if number == 0:
            return basis == base
        return fields_revised(basis).get(name) == number and base_of(basis) == base
