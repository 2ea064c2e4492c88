"""MemoryJournal: the journal of one process, for tests and notebooks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock

from ...contracts import JournaledThread, JournalEntry

__all__ = ["MemoryJournal"]


class MemoryJournal:
    """A journal that ends with the process. What is to be played back later needs a database."""

    def __init__(self) -> None:
        self._entries: list[JournalEntry] = []
        self._lock = Lock()

    def record(self, make: Callable[[], JournalEntry]) -> Future[None]:
        """Keep the entry that `make` gives."""
        future: Future[None] = Future()
        try:
            entry = make()
        except Exception as error:
            future.set_exception(error)
            return future
        with self._lock:
            self._entries.append(entry)
        future.set_result(None)
        return future

    def entries(self, thread: str) -> list[JournalEntry]:
        """The entries of a thread, in the order in which they came."""
        with self._lock:
            return [each for each in self._entries if each.thread == thread]

    def threads(self) -> list[JournaledThread]:
        """The threads that have entries, those asked last first."""
        with self._lock:
            times: dict[str, list[str]] = {}
            for each in self._entries:
                times.setdefault(each.thread, []).append(each.at)
        found = [JournaledThread(thread, len(at), min(at), max(at)) for thread, at in times.items()]
        return sorted(found, key=lambda each: (each.last, each.thread), reverse=True)

    def remove(self, thread: str) -> int:
        """Remove all entries of a thread, and give their number."""
        with self._lock:
            before = len(self._entries)
            self._entries = [each for each in self._entries if each.thread != thread]
            return before - len(self._entries)

    def mark(self, secret: str) -> str:
        """Nothing: there is no key."""
        return ""
