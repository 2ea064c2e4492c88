"""TeamSchema: the names and types of a team that a policy may speak of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ...contracts import Field
from ..roster import Roster

__all__ = ["TeamSchema"]


@dataclass(frozen=True)
class TeamSchema:
    """The names and types of a team that a policy may speak of."""

    request: Mapping[str, Field]
    """The fields that come in."""
    outcome: Mapping[str, Field]
    """The fields that are decided."""
    agents: frozenset[str]
    """The names of the agents."""
    writers: Mapping[str, frozenset[str]]
    """The names of the agents that claim a field, by field."""
    effects: frozenset[str]
    """The names of the effects that have a receiver."""
    inputs: Mapping[str, Mapping[str, Field]] = field(default_factory=dict)
    """The fields that an agent reads, by its name; not of those that read a conversation, or what others claim."""

    @classmethod
    def of(cls, roster: Roster, effects: Collection[str] = ()) -> TeamSchema:
        """The schema of a roster, with the names of the effects that have a receiver."""
        writers = {
            name: frozenset(agent.name for tier in tiers for agent in tier) for name, tiers in roster.tiers.items()
        }
        fields = {**roster.request, **roster.outcome}
        inputs = {
            name: {read: fields[read] for read in agent.contract.reads}
            for name, agent in roster.agents.items()
            if agent.contract.reads <= fields.keys()
        }
        return cls(roster.request, roster.outcome, frozenset(roster.agents), writers, frozenset(effects), inputs)
