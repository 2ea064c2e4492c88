"""An effect ledger in a dictionary, and receivers that do, refuse, time out, crash or can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any

from quorate.contracts import Entry

__all__ = ["Answering", "DictLedger", "Lookup", "PowerCut", "Receiving"]


class PowerCut(BaseException):
    """The process ends here: nothing that comes after is run."""


class DictLedger:
    """A ledger that keeps its entries while the test lasts.

    Args:
        blind: Whether it cannot tell who is at work.
    """

    def __init__(self, *, blind: bool = False) -> None:
        self.entries: dict[str, Entry] = {}
        self.held: set[str] = set()
        self.blind = blind
        self.lock = Lock()

    def begin(self, key: str, *, name: str, thread: str, digest: str, args: Mapping[str, Any]) -> Entry | None:
        with self.lock:
            known = self.entries.get(key)
            if known is None:
                self.entries[key] = Entry(key, "executing", thread, digest)
            elif known.status == "executing" and not self.blind:
                known = replace(known, alive=key in self.held)
            if known is None or known.alive is False:
                self.held.add(key)
            return known

    def finish(self, key: str, *, result: Any) -> None:
        with self.lock:
            self.entries[key] = replace(self.entries[key], status="done", result=result)
            self.held.discard(key)

    def abandon(self, key: str) -> None:
        with self.lock:
            assert self.entries[key].status == "executing"
            del self.entries[key]
            self.held.discard(key)

    def release(self, key: str) -> None:
        with self.lock:
            self.held.discard(key)

    def entry(self, key: str) -> Entry | None:
        return self.entries.get(key)


class Receiving:
    """A receiver that writes down what it gets and answers with a number.

    Args:
        behave: Called with the number of the call before it is written down; it may raise.
        after: The same, after it is written down.
    """

    def __init__(
        self, behave: Callable[[int], None] = lambda number: None, after: Callable[[int], None] = lambda number: None
    ) -> None:
        self.behave = behave
        self.after = after
        self.calls = 0
        self.received: list[tuple[str, dict[str, Any]]] = []

    def execute(self, key: str, args: Mapping[str, Any]) -> Any:
        self.calls += 1
        self.behave(self.calls)
        self.received.append((key, dict(args)))
        self.after(self.calls)
        return {"number": f"N{len(self.received)}"}


class Lookup(Receiving):
    """A receiver that can be asked what it has received."""

    def lookup(self, key: str) -> Any | None:
        for number, (known, _) in enumerate(self.received, start=1):
            if known == key:
                return {"number": f"N{number}"}
        return None


class Answering:
    """A receiver that gives one answer, whatever it is."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls = 0

    def execute(self, key: str, args: Mapping[str, Any]) -> Any:
        self.calls += 1
        return self.answer
