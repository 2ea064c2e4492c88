"""What runs: agents, the adapters that make them, and the guard around each."""

from .adapter import as_agent
from .agent import Agent, agent
from .guard import Guard, fault_of, needs_async, worth_retrying

__all__ = [
    "Agent",
    "Guard",
    "agent",
    "as_agent",
    "fault_of",
    "needs_async",
    "worth_retrying",
]
