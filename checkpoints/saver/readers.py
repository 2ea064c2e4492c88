"""Readers: the threads in which the async savers read, of each process its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

__all__ = ["Readers"]

P = ParamSpec("P")
T = TypeVar("T")


class Readers(Executor):
    """The threads in which the async savers read. A forked process, in which its parent's do not run, has its own.

    Args:
        most: How many threads there are at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._pools: dict[int, ThreadPoolExecutor] = {}

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a function in one of the threads."""
        return self._pool().submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads of this process."""
        self._pool().shutdown(wait, cancel_futures=cancel_futures)

    def _pool(self) -> ThreadPoolExecutor:
        process = os.getpid()
        pool = self._pools.get(process)
        if pool is None:  # it has no threads yet: one too many costs nothing
            pool = self._pools.setdefault(process, ThreadPoolExecutor(self._most, thread_name_prefix="quorate-reader"))
        return pool
