"""MemoryLedger: the ledger of one process, for tests and notebooks."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from threading import Lock
from typing import Any

from ...contracts import Entry
from .ledger import as_json, check_abandon, must_finish

__all__ = ["MemoryLedger"]


class MemoryLedger:
    """A ledger that ends with the process. Effects that must not be repeated after a crash need a database."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._held: set[str] = set()
        self._lock = Lock()

    def begin(self, key: str, *, name: str, thread: str, digest: str, args: Mapping[str, Any]) -> Entry | None:
        """Claim the key. None: it is ours now, execute. An entry: somebody was here before; do not execute.

        Raises:
            LedgerError: `args` is not plain JSON data.
        """
        as_json(key, f"arguments of {name!r}", dict(args))
        with self._lock:
            known = self._entries.get(key)
            if known is not None and known.status == "executing":
                known = dataclasses.replace(known, alive=key in self._held)
            if known is None:
                self._entries[key] = Entry(key, "executing", thread, digest)
            if known is None or known.alive is False:
                self._held.add(key)
            return known

    def finish(self, key: str, *, result: Any) -> None:
        """Record that the effect of a begun key was done, with the receiver's answer.

        Raises:
            LedgerError: The key was never begun, is done with another result, or `result` is not JSON data.
        """
        text = as_json(key, "result", result)
        with self._lock:
            known = self._entries.get(key)
            if must_finish(key, known, text) and known is not None:
                self._entries[key] = dataclasses.replace(known, status="done", result=json.loads(text))
            self._held.discard(key)

    def abandon(self, key: str) -> None:
        """Free a begun key whose effect is known not to have happened.

        Raises:
            LedgerError: Its effect is done.
        """
        with self._lock:
            check_abandon(key, self._entries.get(key))
            self._entries.pop(key, None)
            self._held.discard(key)

    def release(self, key: str) -> None:
        """Be at it no longer, whatever came of it: who begins the key next gets it at once. Twice does no harm."""
        with self._lock:
            self._held.discard(key)

    def entry(self, key: str) -> Entry | None:
        """What is known of the key, or None."""
        with self._lock:
            return self._entries.get(key)
