"""JournalWriter: the thread that stores the journal's entries, all that wait in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from ...contracts import DatabaseError, JournalEntry
from ..batch_thread import BatchThread
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
        self._thread: BatchThread[_Waiting] = BatchThread("quorate-journal", _MOST, self._write, self._refuse)

    def record(self, make: Make) -> Future[None]:
        """Store the entry that `make` gives; the future is done when it is on disk."""
        waiting = _Waiting(make, Future())
        if not self._thread.put(waiting):
            self._refuse(waiting)
        return waiting.future

    def close(self) -> None:
        """Store what waits, and end the thread."""
        self._thread.close()

    def _refuse(self, waiting: _Waiting) -> None:
        waiting.future.set_exception(self._late())

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
