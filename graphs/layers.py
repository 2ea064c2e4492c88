"""Layers of a team: what stands around the calls of each of its agents, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from ..agents import Agent
from ..agents.layers.layer import Layer

__all__ = ["layers_of"]


def layers_of(agent: Agent) -> Sequence[Layer]:
    """The layers around the agent, the outermost first."""
    return ()
