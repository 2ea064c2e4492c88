"""Recorded Runnable: a copy of a Runnable whose visible chat models pass the journal."""

from __future__ import annotations

from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable
from langchain_core.runnables.base import RunnableSerializable

from .chat_model import recorded_chat_model

__all__ = ["recorded_runnable"]

R = TypeVar("R", bound=Runnable[Any, Any])


def recorded_runnable(runnable: R, prompt: str = "") -> R:
    """A copy in which each chat model that can be seen is recorded; the Runnable itself where there is none.

    Seen are models in sequences, parallels, bindings, fallbacks, branches and retries. Those within functions and
    compiled graphs are not: give these a model that is `recorded` already.

    Args:
        runnable: The Runnable.
        prompt: Version of the prompt that the models are used with.
    """
    found = _within(runnable, prompt)
    return runnable if found is None else found


def _within(value: Any, prompt: str) -> Any:
    """The value with its models recorded; None where it has none."""
    if isinstance(value, BaseChatModel):
        made = recorded_chat_model(value, prompt)
        return None if made is value else made
    if isinstance(value, RunnableSerializable):
        parts = {name: _within(getattr(value, name, None), prompt) for name in type(value).model_fields}
        changed = {name: part for name, part in parts.items() if part is not None}
        return value.model_copy(update=changed) if changed else None
    if isinstance(value, list | tuple) and any(isinstance(each, Runnable | tuple) for each in value):
        items = [_within(each, prompt) for each in value]
        if all(item is None for item in items):
            return None
        return type(value)(old if new is None else new for old, new in zip(value, items, strict=True))
    if isinstance(value, dict) and any(isinstance(each, Runnable) for each in value.values()):
        pairs = {key: _within(each, prompt) for key, each in value.items()}
        if all(item is None for item in pairs.values()):
            return None
        return {key: old if pairs[key] is None else pairs[key] for key, old in value.items()}
    return None
