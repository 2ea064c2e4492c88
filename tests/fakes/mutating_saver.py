"""MutatingSaver: a caller who goes on to change everything that a saver was given, and everything that it gave back."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from tests.fakes.delegating_saver import DelegatingSaver

__all__ = ["MutatingSaver", "spoil"]

T = TypeVar("T")


def spoil(value: Any) -> None:
    """Change a value in place, as deep as it goes."""
    match value:
        case dict():
            for part in list(value.values()):
                spoil(part)
            value.clear()
            value["spoiled"] = "spoiled"
        case list():
            for part in value:
                spoil(part)
            value[:] = ["spoiled"]
        case set() | bytearray():
            value.clear()
        case tuple():
            for part in value:
                spoil(part)
        case BaseMessage():
            spoil(value.additional_kwargs)
            value.content = "spoiled"
        case _DeltaSnapshot():
            spoil(value.value)


def _own(value: T) -> T:
    """A copy that nobody else holds."""
    return copy.deepcopy(value)


class MutatingSaver(DelegatingSaver):
    """Passes copies on, and spoils them: after the call, and of async calls also when they have begun to wait."""

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        given = (_own(checkpoint), _own(metadata), _own(new_versions))
        result = self.inner.put(config, *given)
        spoil(given)
        return result

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        given = (_own(checkpoint), _own(metadata), _own(new_versions))
        return await _spoiled_on_its_way(self.inner.aput(config, *given), given)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        given = _own(list(writes))
        self.inner.put_writes(config, given, task_id, task_path)
        spoil(given)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        given = _own(list(writes))
        await _spoiled_on_its_way(self.inner.aput_writes(config, given, task_id, task_path), given)

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        _spoil_found(self.inner.get_tuple(config))
        return self.inner.get_tuple(config)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        _spoil_found(await self.inner.aget_tuple(config))
        return await self.inner.aget_tuple(config)


async def _spoiled_on_its_way(call: Awaitable[T], given: Any) -> T:
    task = asyncio.ensure_future(call)
    await asyncio.sleep(0)  # it has begun now, and nobody waits for its end yet
    spoil(given)
    return await task


def _spoil_found(found: CheckpointTuple | None) -> None:
    if found is not None:
        spoil((found.checkpoint, found.metadata, found.pending_writes))
