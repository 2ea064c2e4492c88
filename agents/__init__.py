"""What runs: agents, the adapters and building blocks that make them, and the guard around each."""

from .action import effect_agent
from .adapter import as_agent
from .agent import Agent, agent
from .chat import chat_agent
from .extraction import pattern_agent
from .full_text_index import Document, FullTextIndex
from .guard import Guard, fault_of, needs_async, worth_retrying
from .openai_chat import openai_chat
from .options import Options
from .prompt import Prompt
from .reasoning import Case, cases_agent
from .retrieval import full_text_agent, retriever_agent

__all__ = [
    "Agent",
    "Case",
    "Document",
    "FullTextIndex",
    "Guard",
    "Options",
    "Prompt",
    "agent",
    "as_agent",
    "cases_agent",
    "chat_agent",
    "effect_agent",
    "fault_of",
    "full_text_agent",
    "needs_async",
    "openai_chat",
    "pattern_agent",
    "retriever_agent",
    "worth_retrying",
]
