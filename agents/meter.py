"""Meter: what LangChain's models use while an agent runs, whatever the agent says of it."""

from __future__ import annotations

from contextvars import ContextVar
from threading import Lock
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tracers.context import register_configure_hook

from ..contracts import Usage
from .rejected import rejected
from .setting import Setting

__all__ = ["Meter", "metering", "not_paid"]


class Meter(BaseCallbackHandler):
    """Counts the calls of models that are made beneath it, in whatever thread or task."""

    run_inline = True  # in the event loop too: what was used is known before the call goes on

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[Usage] = []
        self._unpaid: list[Usage] = []
        self._seen: set[UUID] = set()
        self._lock = Lock()
        self.around: Meter | None = None
        """The meter of what this one is part of."""

    @property
    def calls(self) -> tuple[Usage, ...]:
        """What each call used."""
        with self._lock:
            return tuple(self._calls)

    @property
    def unpaid(self) -> tuple[Usage, ...]:
        """What those used that were not made: a cache answered, or a playback."""
        with self._lock:
            return tuple(self._unpaid)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Count a call."""
        if used := _used(response):
            self._count(run_id, used, paid=not _is_from_cache(response))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Count a call whose answer came and could not be read."""
        if answer := rejected(error):
            self._count(run_id, answer.usage, paid=True)

    def _count(self, run_id: UUID, used: Usage, *, paid: bool) -> None:
        """Count a call once, here and in what this is part of: LangChain may tell both of it, or this one alone."""
        with self._lock:
            if run_id not in self._seen:
                self._seen.add(run_id)
                self._calls.append(used)
                if not paid:
                    self._unpaid.append(used)
        if self.around is not None:
            self.around._count(run_id, used, paid=paid)

    def forgive(self, used: Usage) -> None:
        """Note that a call was not made."""
        with self._lock:
            self._unpaid.append(used)


_current: ContextVar[Meter | None] = ContextVar("quorate_meter", default=None)
register_configure_hook(_current, inheritable=True)


def metering(meter: Meter) -> Setting[Meter | None]:
    """Let the meter count, in this thread or task and those that it starts; one around it counts too."""
    meter.around = _current.get()
    return Setting(_current, meter)


def not_paid(used: Usage) -> None:
    """Note that the call of a model that comes next is not made: its answer was recorded."""
    meter = _current.get()
    while meter is not None:
        meter.forgive(used)
        meter = meter.around


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
            )
    tokens = output.get("token_usage")
    if isinstance(tokens, dict) and tokens:
        return Usage(
            model=name,
            input_tokens=int(tokens.get("prompt_tokens") or 0),
            output_tokens=int(tokens.get("completion_tokens") or 0),
        )
    return None


def _is_from_cache(response: LLMResult) -> bool:
    """Whether LangChain's cache answered: it says so by a cost of nothing."""
    generation = next((each for some in response.generations for each in some), None)
    message = generation.message if isinstance(generation, ChatGeneration) else None
    used: Any = message.usage_metadata if isinstance(message, AIMessage) else None
    return bool(used) and used.get("total_cost") == 0
