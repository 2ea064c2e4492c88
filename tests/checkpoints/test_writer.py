from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import pytest

from quorate.checkpoints import open_database
from quorate.contracts import DatabaseError


class SlowQueue(SimpleQueue[Any]):
    """A queue in which what is asked for arrives when the writer's thread has ended."""

    def __init__(self) -> None:
        self.asked, self.ended = threading.Event(), threading.Event()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if item is not None:
            self.asked.set()
            assert self.ended.wait(60)
        super().put(item)


def test_write_that_comes_as_the_writer_ends(sqlite_url: str) -> None:
    """A write that is handed over in the moment in which the writer ends is refused, and waits for nothing."""
    with open_database(sqlite_url) as database, ThreadPoolExecutor(1) as other:
        writer = database.log.writer
        thread = writer._thread
        queue = thread._queue = SlowQueue()
        thread._process = os.getpid()
        thread._begin()
        late = other.submit(writer.do, lambda _: None)
        assert queue.asked.wait(60)
        writer.close()
        queue.ended.set()
        with pytest.raises(DatabaseError, match="after the database was closed"):
            late.result(60)
