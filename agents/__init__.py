"""What runs: agents, the adapters and building blocks that make them, and the guard around each."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .adapter import as_agent
from .agent import Agent, agent
from .failure import fault_of
from .guard import Guard
from .layers.traffic import Traffic
from .layers.traffic_state import BreakerState, QueueState, TrafficState
from .misuse import needs_async
from .options import Options
from .repair import Repair
from .retry import worth_retrying
from .run import Run, current_run

if TYPE_CHECKING:
    from .action import effect_agent
    from .chat import chat_agent
    from .extraction import pattern_agent
    from .full_text_index import Document, FullTextIndex
    from .http_receiver import HttpReceiver
    from .injection import Injected, Injection, inject
    from .journal.playback import Playback, playback
    from .journal.recorded import recorded
    from .journal.recording import recording
    from .openai_model import openai_chat
    from .prompt import Prompt
    from .reasoning import Case, cases_agent
    from .retrieval import full_text_agent, retriever_agent

__all__ = [
    "Agent",
    "BreakerState",
    "Case",
    "Document",
    "FullTextIndex",
    "Guard",
    "HttpReceiver",
    "Injected",
    "Injection",
    "Options",
    "Playback",
    "Prompt",
    "QueueState",
    "Repair",
    "Run",
    "Traffic",
    "TrafficState",
    "agent",
    "as_agent",
    "cases_agent",
    "chat_agent",
    "current_run",
    "effect_agent",
    "fault_of",
    "full_text_agent",
    "inject",
    "needs_async",
    "openai_chat",
    "pattern_agent",
    "playback",
    "recorded",
    "recording",
    "retriever_agent",
    "worth_retrying",
]

# The building blocks are a third of the import time of quorate, and a team uses one or two of them.
_BLOCKS = {
    "Case": "reasoning",
    "Document": "full_text_index",
    "FullTextIndex": "full_text_index",
    "HttpReceiver": "http_receiver",
    "Injected": "injection",
    "Injection": "injection",
    "Playback": "journal.playback",
    "Prompt": "prompt",
    "cases_agent": "reasoning",
    "chat_agent": "chat",
    "effect_agent": "action",
    "full_text_agent": "retrieval",
    "inject": "injection",
    "openai_chat": "openai_model",
    "pattern_agent": "extraction",
    "playback": "journal.playback",
    "recorded": "journal.recorded",
    "recording": "journal.recording",
    "retriever_agent": "retrieval",
}


def __getattr__(name: str) -> Any:
    module = _BLOCKS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return value
