"""Recent: what was used last, by place, up to a size."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["Recent"]

V = TypeVar("V")


class Recent(Generic[V]):
    """What was used last, by place. The newest entry stays, whatever its size.

    Args:
        most: Up to which size of all entries together; each says its own.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[int, tuple[int, V]] = OrderedDict()

    def get(self, place: int) -> V | None:
        """What is known of a place; None where it is not known any more."""
        if place not in self._known:
            return None
        self._known.move_to_end(place)
        return self._known[place][1]

    def forget(self, place: int) -> None:
        """Forget what is known of a place."""
        self._size -= self._known.pop(place, (0, None))[0]

    def keep(self, place: int, value: V, size: int) -> None:
        """Remember something of a place, and forget what was used longest ago."""
        self._size += size - self._known.pop(place, (0, None))[0]
        self._known[place] = size, value
        while self._size > self._most and len(self._known) > 1:
            self._size -= self._known.popitem(last=False)[1][0]
