"""Cached: a layer that takes an answer again which the agent gave to the same inputs a short while ago."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import BaseMessage
from langgraph.cache.base import BaseCache, FullKey
from pydantic_core import to_json

from ...contracts import Claim, Usage, dump, load
from ..agent import Agent
from ..injection import current_injection
from ..output import Output
from ..run import Run
from .layer import AsyncProceed, Inputs, Proceed

__all__ = ["Cached"]

_log = logging.getLogger(__name__)
_SPACE = ("quorate", "answers")
_FORM = 2
"""Number of the form in which answers are kept."""


class Cached:
    """The layer: the claims on the same inputs, of the same agent in the same version, for the same tenant.

    LangGraph's own `CachePolicy` would put back what the node wrote, with the versions of another turn's decisions
    and with tokens that nobody spent; so the answer is kept in a cache of LangGraph's, and the rest is made anew. A
    cache that fails is none.

    Args:
        agent: The agent.
        seconds: How long an answer is taken again.
        store: Where answers are kept.
    """

    def __init__(self, agent: Agent, seconds: float, store: BaseCache[Any]) -> None:
        self._contract = agent.contract
        self._seconds = math.ceil(seconds)
        self._store = store

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """The answer that is kept, or that of the sync agent."""
        key = self._key(run, inputs)
        if key is None:
            return proceed(inputs)
        try:
            kept = self._store.get([key]).get(key)
        except Exception as error:  # of whatever store it is
            _warn("read", error)
            kept = None
        output = _output(kept, run)
        if output is not None:
            return output
        output = proceed(inputs)
        if not output.faults:
            try:
                self._store.set({key: (_kept(output), self._seconds)})
            except Exception as error:
                _warn("written", error)
        return output

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """The answer that is kept, or that of the async agent."""
        key = self._key(run, inputs)
        if key is None:
            return await proceed(inputs)
        try:
            kept = (await self._store.aget([key])).get(key)
        except Exception as error:
            _warn("read", error)
            kept = None
        output = _output(kept, run)
        if output is not None:
            return output
        output = await proceed(inputs)
        if not output.faults:
            try:
                await self._store.aset({key: (_kept(output), self._seconds)})
            except Exception as error:
                _warn("written", error)
        return output

    def _key(self, run: Run, inputs: Inputs) -> FullKey | None:
        """A digest of all that the answer may depend on; None where the inputs have no form that can be compared.

        None, too, while faults are injected: what goes wrong on purpose must not be kept, nor be spared.
        """
        if current_injection() is not None:
            return None
        contract = self._contract
        try:
            plain = to_json(
                [_FORM, contract.name, contract.version, sorted(contract.writes), run.tenant, _comparable(inputs)],
                inf_nan_mode="strings",
            )
        except (ValueError, TypeError, RecursionError):
            return None
        return _SPACE, hashlib.sha256(plain).hexdigest()


def _comparable(inputs: Inputs) -> list[Any]:
    """The inputs by name; of messages all that they say and who says it, and not their ids."""
    return [
        [name, [_said(each) if isinstance(each, BaseMessage) else each for each in value]]
        if isinstance(value, list)
        else [name, value]
        for name, value in sorted(inputs.items())
    ]


def _said(message: BaseMessage) -> list[Any]:
    calls = [[call["name"], call["args"]] for call in getattr(message, "tool_calls", ())]
    return [message.type, message.name, message.content, message.additional_kwargs, calls]


def _kept(output: Output) -> list[Any]:
    return [dump(replace(claim, basis={})) for claim in output.claims]


def _output(kept: Sequence[Mapping[str, Any]] | None, run: Run) -> Output | None:
    if kept is None:
        return None
    try:
        claims = tuple(replace(load(Claim, dict(plain)), basis=run.basis) for plain in kept)
    except (ValueError, TypeError) as error:  # another hand wrote it
        _warn("understood", error)
        return None
    return Output(claims, (), Usage(cached=True))


def _warn(what: str, error: Exception) -> None:
    _log.warning("the cache of answers could not be %s: %s: %s", what, type(error).__name__, error)
