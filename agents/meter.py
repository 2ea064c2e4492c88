"""Meter: what LangChain's models use while an agent runs, whatever the agent says of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tracers.context import register_configure_hook

from ..contracts import Usage

__all__ = ["Meter", "metering"]


class Meter(BaseCallbackHandler):
    """Counts the calls of models that are made beneath it, in whatever thread or task."""

    run_inline = True  # in the event loop too: what was used is known before the call goes on

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[Usage] = []
        self._lock = Lock()

    @property
    def calls(self) -> tuple[Usage, ...]:
        """What each call used; of one that a cache answered `usd` is 0."""
        with self._lock:
            return tuple(self._calls)

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        """Count a call."""
        used = _used(response)
        if used is not None:
            with self._lock:
                self._calls.append(used)


_current: ContextVar[Meter | None] = ContextVar("quorate_meter", default=None)
register_configure_hook(_current, inheritable=True)


@contextmanager
def metering(meter: Meter) -> Iterator[None]:
    """Let the meter count, in this thread or task and those that it starts; one around it counts too."""
    token = _current.set(meter)
    try:
        yield
    finally:
        _current.reset(token)


def _used(response: LLMResult) -> Usage | None:
    output = response.llm_output or {}
    name = str(output.get("model_name") or "")
    generation = next((each for some in response.generations for each in some), None)
    if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage):
        message = generation.message
        used = message.usage_metadata
        if used is not None:
            details = used.get("input_token_details") or {}
            return Usage(
                model=str(message.response_metadata.get("model_name") or name),
                input_tokens=used["input_tokens"],
                output_tokens=used["output_tokens"],
                cached_tokens=details.get("cache_read") or 0,
                cache_write_tokens=details.get("cache_creation") or 0,
                usd=0.0 if _is_from_cache(used) else None,
            )
    tokens = output.get("token_usage")
    if isinstance(tokens, dict) and tokens:
        return Usage(
            model=name,
            input_tokens=int(tokens.get("prompt_tokens") or 0),
            output_tokens=int(tokens.get("completion_tokens") or 0),
        )
    return None


def _is_from_cache(used: Any) -> bool:
    """Whether LangChain's cache answered: it says so by a cost of nothing."""
    return bool(used.get("total_cost") == 0)
