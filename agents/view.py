"""View: the part of the shared state that an agent reads, typed, and its own to change."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from ..contracts import OTHERS, BlobStore, Contract, ContractError, Field, Reference
from .others import others_of

__all__ = ["View"]

State = Mapping[str, Any]


class View:
    """What one agent reads.

    Args:
        contract: The agent's contract.
        request: Fields of the request, by name.
        outcome: Fields of the outcome, by name.
        blobs: Where the large fields of the request are that the state refers to.
    """

    def __init__(
        self, contract: Contract, request: Mapping[str, Field], outcome: Mapping[str, Field], blobs: BlobStore | None
    ) -> None:
        self._agent, self._outcome, self._blobs = contract.name, outcome, blobs
        reads = contract.reads
        self._from_request = tuple(request[name] for name in sorted(reads & request.keys()))
        self._from_outcome = tuple(outcome[name] for name in sorted(reads & (outcome.keys() - request.keys())))
        self._reads_messages = "messages" in reads and "messages" not in request
        self._reads_others = OTHERS in reads and OTHERS not in {**request, **outcome}

    def of(self, state: State) -> dict[str, Any]:
        """The fields by name.

        Raises:
            ContractError: A field in the state is not of its type.
        """
        inputs: dict[str, Any] = {}
        request, decisions = state.get("request") or {}, state.get("decisions") or {}
        for field in self._from_request:
            if field.name not in request:  # it is newer than the checkpoint
                inputs[field.name] = copy.deepcopy(field.default)
                continue
            reference = Reference.read(request[field.name])
            plain = request[field.name] if reference is None else reference.value(self._blobs)
            inputs[field.name] = self._typed(field, plain)
        for field in self._from_outcome:
            decision = decisions.get(field.name)
            if decision is not None and decision["status"] == "settled":
                inputs[field.name] = self._typed(field, decision["value"])
            else:
                inputs[field.name] = copy.deepcopy(field.default)  # what an agent does to it is its own
        if self._reads_messages:
            inputs["messages"] = list(state.get("messages") or [])
        if self._reads_others:
            inputs[OTHERS] = others_of(self._agent, state, self._outcome)
        return inputs

    async def aof(self, state: State) -> dict[str, Any]:
        """The same; blobs are read in a worker thread."""
        request = state.get("request") or {}
        if any(Reference.read(request.get(field.name)) for field in self._from_request):
            return await asyncio.to_thread(self.of, state)
        return self.of(state)

    def _typed(self, field: Field, plain: Any) -> Any:
        if isinstance(plain, dict | list):
            plain = from_json(to_json(plain))  # what an agent does to it is its own
        try:
            return field.parse(plain)
        except ValidationError as error:
            raise ContractError(
                f"agent {self._agent!r}, input {field.name!r}",
                got=repr(plain)[:80],
                expected=f"a value of type {field.annotation}",
                fix="correct the field in the state; it was written past quorate",
            ) from error
