"""Layers of a team: what stands around the calls of each of its agents, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from ..agents import Agent
from ..agents.layers.guardrails import Guardrails, Rail
from ..agents.layers.handoff import Handoff
from ..agents.layers.journal import JournalLayer
from ..agents.layers.layer import Layer
from ..agents.layers.permissions import Permitted
from ..agents.layers.traffic import Traffic
from ..contracts import Policy
from .treasury import Treasury

__all__ = ["layers_of"]


def layers_of(
    agent: Agent, policy: Policy, rails: Sequence[Rail], treasury: Treasury, journal: JournalLayer, traffic: Traffic
) -> Sequence[Layer]:
    """The layers around the agent, the outermost first.

    Args:
        agent: The agent.
        policy: What the team may do.
        rails: The guardrails of the policy, ready to look.
        treasury: What keeps to its budgets.
        journal: Records what models and tools answer, or plays it back.
        traffic: The cache, the queues and the circuit breakers.
    """
    layers: list[Layer] = []
    if requirements := policy.handoff.get(agent.name):
        layers.append(Handoff(requirements))
    if guardrails := Guardrails(rails, agent.contract):
        layers.append(guardrails)
    if permissions := policy.permissions.get(agent.name):
        layers.append(Permitted(permissions))
    layers.extend(traffic.outer(agent))
    layers.extend(treasury.layers_for(agent))
    layers.append(journal)  # around the repairs: what one attempt asks is played back together
    layers.extend(traffic.inner(agent))
    return layers
