"""ThreadSaver: the part of a saver that is about whole threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from langgraph.checkpoint.base import BaseCheckpointSaver

from ...contracts import InputError
from ..upkeep.upkeep import Upkeep

__all__ = ["ThreadSaver"]

T = TypeVar("T")


class ThreadSaver(BaseCheckpointSaver[Any]):
    """The part of a saver that is about whole threads, each changed in one transaction."""

    _upkeep: Upkeep
    _readers: Executor

    def delete_thread(self, thread_id: str) -> None:
        """Delete a thread with all that it has, in every namespace."""
        self._upkeep.delete(str(thread_id), datetime.now(UTC))

    async def adelete_thread(self, thread_id: str) -> None:
        """As `delete_thread`, without blocking the event loop."""
        await self._in_thread(partial(self.delete_thread, thread_id))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints that have one of these as `run_id` in their metadata, in all threads.

        It reads every checkpoint of the database. What stays reads as before.
        """
        self._upkeep.delete_runs([str(run) for run in run_ids], datetime.now(UTC))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """As `delete_for_runs`, without blocking the event loop."""
        await self._in_thread(partial(self.delete_for_runs, run_ids))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread, in all its namespaces, with the ids of its checkpoints.

        Raises:
            InputError: There is no such thread, or the target is there already.
        """
        if not self._upkeep.copy(str(source_thread_id), str(target_thread_id), datetime.now(UTC)):
            raise InputError(
                f"thread {source_thread_id!r}",
                got="no thread of that id",
                expected="a thread that is there",
                fix="look it up: quorate threads",
            )

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """As `copy_thread`, without blocking the event loop."""
        await self._in_thread(partial(self.copy_thread, source_thread_id, target_thread_id))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Prune threads. What stays reads as before, delta channels too, and goes on as before.

        Args:
            thread_ids: Their ids; one that is not there is left out.
            strategy: `keep_latest` leaves the newest checkpoint of each namespace, but of a subgraph that ran on a
                checkpoint which goes nothing; `delete` leaves nothing. `Retention` has finer ones.

        Raises:
            InputError: There is no such strategy.
        """
        if strategy not in ("keep_latest", "delete"):
            raise InputError(
                "prune",
                got=f"strategy={strategy!r}",
                expected="keep_latest or delete",
                fix="take one of these; quorate.checkpoints.Retention has finer ones",
            )
        for thread in map(str, thread_ids):
            if strategy == "delete":
                self._upkeep.delete(thread, datetime.now(UTC))
            else:
                now = datetime.now(UTC)
                self._upkeep.prune(thread, lambda key, found, pending: {found[-1].place}, "keep_latest", now)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """As `prune`, without blocking the event loop."""
        await self._in_thread(partial(self.prune, thread_ids, strategy=strategy))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)
