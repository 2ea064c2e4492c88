"""quorate: multi-agent coordination on LangGraph.

Declare agents by what they read and write; the graph is derived. Agents claim; the supervisor decides.
"""

from .agents import Agent, agent, as_agent
from .checkpoints import open_database
from .contracts import (
    Canonical,
    Claim,
    Contract,
    Decision,
    Effect,
    Evidence,
    Fault,
    Items,
    Limits,
    Passage,
    Policy,
    QuorateError,
    Quote,
    Rule,
    StaleThreadError,
    Usage,
)
from .graphs import Supervisor, Turn

__all__ = [
    "Agent",
    "Canonical",
    "Claim",
    "Contract",
    "Decision",
    "Effect",
    "Evidence",
    "Fault",
    "Items",
    "Limits",
    "Passage",
    "Policy",
    "QuorateError",
    "Quote",
    "Rule",
    "StaleThreadError",
    "Supervisor",
    "Turn",
    "Usage",
    "agent",
    "as_agent",
    "open_database",
]
