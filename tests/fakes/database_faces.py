"""DatabaseFaces: a database with its sync and its async saver open, which a test calls alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

from quorate.checkpoints import open_database

__all__ = ["DatabaseFaces"]

T = TypeVar("T")


class DatabaseFaces:
    """An open database; each call goes to the saver's sync or async face, whichever it names.

    Args:
        url: The database.
        runner: The event loop of the async face.
    """

    def __init__(self, url: str, runner: asyncio.Runner) -> None:
        self._run = runner.run
        self._stack = AsyncExitStack()
        database = self._stack.enter_context(open_database(url))
        self._sync: BaseCheckpointSaver[Any] = self._stack.enter_context(database.saver())
        self._async: BaseCheckpointSaver[Any] = self._run(self._open(database))

    async def _open(self, database: Any) -> BaseCheckpointSaver[Any]:
        return await self._stack.enter_async_context(database.asaver())

    def _await(self, call: Callable[[], Awaitable[T]]) -> T:
        async def called() -> T:
            return await call()

        return self._run(called())

    def close(self) -> None:
        self._run(self._stack.aclose())

    def next_version(self, current: Any) -> Any:
        return self._sync.get_next_version(current, None)

    def put(self, is_async: bool, *args: Any) -> RunnableConfig:
        return self._await(lambda: self._async.aput(*args)) if is_async else self._sync.put(*args)

    def put_writes(self, is_async: bool, *args: Any) -> None:
        if is_async:
            self._await(lambda: self._async.aput_writes(*args))
        else:
            self._sync.put_writes(*args)

    def get_tuple(self, is_async: bool, config: RunnableConfig) -> CheckpointTuple | None:
        return self._await(lambda: self._async.aget_tuple(config)) if is_async else self._sync.get_tuple(config)

    def list(self, is_async: bool, config: RunnableConfig | None, **options: Any) -> list[CheckpointTuple]:
        return self._run(self._alist(config, options)) if is_async else list(self._sync.list(config, **options))

    async def _alist(self, config: RunnableConfig | None, options: dict[str, Any]) -> list[CheckpointTuple]:
        return [found async for found in self._async.alist(config, **options)]

    def delete_thread(self, is_async: bool, thread: str) -> None:
        if is_async:
            self._await(lambda: self._async.adelete_thread(thread))
        else:
            self._sync.delete_thread(thread)

    def copy_thread(self, is_async: bool, source: str, target: str) -> None:
        if is_async:
            self._await(lambda: self._async.acopy_thread(source, target))
        else:
            self._sync.copy_thread(source, target)

    def prune(self, is_async: bool, thread: str) -> None:
        if is_async:
            self._await(lambda: self._async.aprune([thread]))
        else:
            self._sync.prune([thread])

    def delta_history(self, is_async: bool, config: RunnableConfig, channels: Sequence[str]) -> Any:
        """What the saver gives, and what LangGraph's own walk over single checkpoints gives."""
        walk = BaseCheckpointSaver.get_delta_channel_history(self._sync, config=config, channels=channels)
        if is_async:
            return self._await(lambda: self._async.aget_delta_channel_history(config=config, channels=channels)), walk
        return self._sync.get_delta_channel_history(config=config, channels=channels), walk
