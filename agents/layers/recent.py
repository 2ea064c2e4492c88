"""Recent answers: a LangGraph cache in memory that keeps no more than so many, each as long as it is valid."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from langgraph.cache.base import BaseCache, FullKey, Namespace

from .clock import Clock

__all__ = ["RecentAnswers"]


class RecentAnswers(BaseCache[Any]):
    """LangGraph's cache in memory, with a bound: what was not used for the longest time goes first.

    Args:
        most: The most entries; at least 1.
        clock: By which time entries end.
    """

    def __init__(self, most: int, clock: Clock) -> None:
        super().__init__()
        self._most, self._clock = most, clock
        self._lock = Lock()
        self._entries: OrderedDict[FullKey, tuple[Any, float | None]] = OrderedDict()

    def get(self, keys: Sequence[FullKey]) -> dict[FullKey, Any]:
        """What is kept under the keys."""
        now, found = self._clock.now(), {}
        with self._lock:
            for key in keys:
                value, until = self._entries.get(key, (None, 0.0))
                if until is None or now < until:
                    self._entries.move_to_end(key)
                    found[key] = value
                else:
                    self._entries.pop(key, None)
        return found

    async def aget(self, keys: Sequence[FullKey]) -> dict[FullKey, Any]:
        """The same, to be awaited."""
        return self.get(keys)

    def set(self, pairs: Mapping[FullKey, tuple[Any, int | None]]) -> None:
        """Keep values, each for so many seconds."""
        now = self._clock.now()
        with self._lock:
            for key, (value, seconds) in pairs.items():
                self._entries[key] = (value, None if seconds is None else now + seconds)
                self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)

    async def aset(self, pairs: Mapping[FullKey, tuple[Any, int | None]]) -> None:
        """The same, to be awaited."""
        self.set(pairs)

    def clear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        """Forget the namespaces, or everything."""
        with self._lock:
            for key in [key for key in self._entries if namespaces is None or key[0] in namespaces]:
                del self._entries[key]

    async def aclear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        """The same, to be awaited."""
        self.clear(namespaces)
