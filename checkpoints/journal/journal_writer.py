"""JournalWriter: the thread that stores the journal's entries, all that wait in one transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from ...contracts import DatabaseError, JournalEntry
from ..fork_lock import ForkLock
from .journal_row import JournalRow, JournalRows

__all__ = ["JournalWriter", "Make"]

Make = Callable[[], JournalEntry]

_MOST = 256
"""How many entries one transaction takes at most."""


class _Waiting(NamedTuple):
    make: Make
    future: Future[None]


class JournalWriter:
    """The thread that stores the journal's entries: whatever waits when it is free becomes one durable transaction.

    It makes the entries, too: redaction, digest, compression and sealing cost whoever asks a model nothing. It starts
    with the first entry, and anew in a forked process.

    Args:
        rows: What makes rows of entries.
        store: Stores rows in one transaction.
        shown: How errors call the database.
    """

    def __init__(self, rows: JournalRows, store: Callable[[Sequence[JournalRow]], None], shown: str) -> None:
        self._rows, self._store, self._shown = rows, store, shown
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._lock = ForkLock()
        self._thread: Thread | None = None
        self._process = 0
        self._closed = False

    def record(self, make: Make) -> Future[None]:
        """Store the entry that `make` gives; the future is done when it is on disk."""
        future: Future[None] = Future()
        with self._lock:
            if self._closed:
                future.set_exception(self._late())
                return future
            if self._thread is None or self._process != os.getpid():
                self._begin()
            self._queue.put(_Waiting(make, future))
        return future

    def close(self) -> None:
        """Store what waits, and end the thread."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
            if thread is None or self._process != os.getpid():
                return
            self._queue.put(None)
        thread.join()

    def _begin(self) -> None:
        if self._process != os.getpid():
            self._queue = SimpleQueue()  # what a parent process had waiting is the parent's to write
        self._process = os.getpid()
        self._thread = Thread(target=self._run, args=(self._queue,), name="quorate-journal", daemon=True)
        self._thread.start()

    def _run(self, queue: SimpleQueue[_Waiting | None]) -> None:
        open_ = True
        while open_:
            batch = [queue.get()]
            with suppress(Empty):
                while len(batch) < _MOST:
                    batch.append(queue.get_nowait())
            open_ = None not in batch
            self._write([each for each in batch if each is not None])

    def _write(self, batch: Sequence[_Waiting]) -> None:
        made: list[tuple[JournalRow, Future[None]]] = []
        for each in batch:
            try:
                made.append((self._rows.pack(each.make()), each.future))
            except Exception as error:
                each.future.set_exception(error)
        if made:
            self._keep(made)

    def _keep(self, made: Sequence[tuple[JournalRow, Future[None]]]) -> None:
        try:
            self._store([row for row, _ in made])
        except Exception as error:
            if len(made) > 1:
                for each in made:  # one of them may be at fault: each gets a transaction of its own
                    self._keep([each])
                return
            made[0][1].set_exception(error)
            return
        for _, future in made:
            future.set_result(None)

    def _late(self) -> DatabaseError:
        return DatabaseError(
            self._shown,
            got="an entry of the journal after the database was closed",
            expected="an open database",
            fix="keep the database open while graphs run",
        )
