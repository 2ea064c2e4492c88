"""A store that counts the rows of checkpoints and writes that are read from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from quorate.checkpoints.log.store import Reader, Store

__all__ = ["CountingStore"]

_ROWS = {"chain", "page", "rows", "writes", "path_writes", "events"}


class CountingStore:
    """Hands everything on to a store.

    Args:
        store: The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.rows = 0
        """How many rows were read."""
        self.moments = 0
        """How often something was read."""

    @contextmanager
    def reading(self) -> Iterator[Any]:
        self.moments += 1
        with self._store.reading() as reader:
            yield _CountingReader(self, reader)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _CountingReader:
    def __init__(self, counts: CountingStore, reader: Reader) -> None:
        self._counts = counts
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._reader, name)
        if name not in _ROWS:
            return found

        def counted(*args: Any, **options: Any) -> Any:
            rows = list(found(*args, **options))
            self._counts.rows += len(rows)
            return rows

        return counted
