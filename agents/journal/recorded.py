"""Recorded: one word for what makes models, tools and functions pass the journal."""

from __future__ import annotations

from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from ...contracts import JournalError
from .chat_model import recorded_chat_model
from .function import recorded_function
from .runnable import recorded_runnable
from .tool import recorded_tool

__all__ = ["recorded"]

T = TypeVar("T")


def recorded(thing: T, *, prompt: str = "") -> T:
    """A chat model, a tool, a Runnable or a function whose answers are recorded and played back.

    Use it for what an agent calls by itself: `search = recorded(search)`, `create_agent(recorded(model), ...)`, or as
    a decorator. Outside of a team with a journal, and outside of a playback, it does what the thing itself does. The
    models of `chat_agent`, and those that `as_agent` can see in a Runnable, are recorded without it.

    Args:
        thing: A LangChain chat model, tool or Runnable, of which a copy is given back, or a function, sync or async.
        prompt: Version of the prompt that a model is used with, for the journal.

    Raises:
        JournalError: It is none of these, or a generator.
    """
    made: Any
    if isinstance(thing, BaseChatModel):
        made = recorded_chat_model(thing, prompt)
    elif isinstance(thing, BaseTool):
        made = recorded_tool(thing)
    elif isinstance(thing, Runnable):
        made = recorded_runnable(thing, prompt)
    elif callable(thing):
        made = recorded_function(thing)
    else:
        raise JournalError(
            "recorded",
            got=type(thing).__qualname__,
            expected="a chat model, a tool, a Runnable or a function",
            fix="pass what the agent calls",
        )
    found: T = made
    return found
