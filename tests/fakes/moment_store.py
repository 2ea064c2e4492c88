"""A store at which something happens between a moment of reading and what is done with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from quorate.checkpoints.log.store import Store

__all__ = ["MomentStore"]


class MomentStore:
    """Hands everything on to a store.

    Args:
        store: The store.
        after: What is called once, when a moment of reading has ended.
        moment: Which one, from 1.
    """

    def __init__(self, store: Store, after: Callable[[], Any], moment: int = 1) -> None:
        self._store, self._after, self._left = store, after, moment

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with self._store.reading() as reader:
            yield reader
        self._left -= 1
        if self._left == 0:
            self._after()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
