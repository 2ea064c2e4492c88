"""BatchThread: a thread that works on all that waits for it at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from .fork_lock import ForkLock

__all__ = ["BatchThread"]

T = TypeVar("T")


class BatchThread(Generic[T]):
    """The one thread that works on what it is given: on all that waits when it is free.

    It starts with the first item, and anew in a forked process.

    Args:
        name: Its name.
        most: How many items it takes at once.
        work: What it does with them; raises nothing.
        refuse: Tells of an item that it came when the thread had ended.
    """

    def __init__(self, name: str, most: int, work: Callable[[list[T]], None], refuse: Callable[[T], None]) -> None:
        self._name, self._most, self._work, self._refuse = name, most, work, refuse
        self._queue: SimpleQueue[T | None] = SimpleQueue()
        self._lock = ForkLock()
        self._thread: Thread | None = None
        self._process = 0
        self._closed = self._ended = False

    def put(self, item: T) -> bool:
        """Give it an item; False, and nothing is done, where it is closed. One that comes in that moment is refused."""
        if (self._thread is None or self._process != os.getpid()) and not self._begin():
            return False
        self._queue.put(item)
        if self._ended:  # it may have come after all that the thread took
            self._refuse_rest()
        return True

    def close(self) -> None:
        """Let it work on what waits, and end."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
            if thread is None or self._process != os.getpid():
                return
            self._queue.put(None)
        thread.join()

    def _begin(self) -> bool:
        with self._lock:
            if self._closed:
                return False
            if self._thread is not None and self._process == os.getpid():
                return True
            if self._process != os.getpid():
                self._queue = SimpleQueue()  # what a parent process had waiting is the parent's to do
            self._process = os.getpid()
            self._thread = Thread(target=self._run, args=(self._queue,), name=self._name, daemon=True)
            self._thread.start()
            return True

    def _run(self, queue: SimpleQueue[T | None]) -> None:
        open_ = True
        while open_:
            batch = [queue.get()]
            with suppress(Empty):
                while len(batch) < self._most:
                    batch.append(queue.get_nowait())
            open_ = None not in batch
            self._work([each for each in batch if each is not None])
        self._ended = True
        self._refuse_rest()

    def _refuse_rest(self) -> None:
        """Tell those who came when the thread had ended: each is taken from the queue by one of those who look."""
        with suppress(Empty):
            while True:
                each = self._queue.get_nowait()
                if each is not None:
                    self._refuse(each)
