"""What runs: agents, the adapters and building blocks that make them, and the guard around each."""

from .action import effect_agent
from .adapter import as_agent
from .agent import Agent, agent
from .extraction import pattern_agent
from .full_text_index import Document, FullTextIndex
from .guard import Guard, fault_of, needs_async, worth_retrying
from .options import Options
from .reasoning import Case, cases_agent
from .retrieval import full_text_agent, retriever_agent

__all__ = [
    "Agent",
    "Case",
    "Document",
    "FullTextIndex",
    "Guard",
    "Options",
    "agent",
    "as_agent",
    "cases_agent",
    "effect_agent",
    "fault_of",
    "full_text_agent",
    "needs_async",
    "pattern_agent",
    "retriever_agent",
    "worth_retrying",
]
