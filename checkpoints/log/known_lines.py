"""KnownLines: where lines stand as far as this process knows, without asking the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .line import Line, LineKey

__all__ = ["KnownLine", "KnownLines"]

_MOST = 4096
"""How many lines are remembered."""


class KnownLine(NamedTuple):
    """Where a line stands as far as this process knows."""

    line: Line | None
    """The line; None: it is not there."""
    last: int
    """A place that none of its events is above."""
    early: dict[str, int] | None = None
    """How many rows of writes wait for each checkpoint that is not there yet; None: it has some, and nobody knows."""


class KnownLines:
    """Where lines stand as far as this process knows. Another process may have gone on with them."""

    def __init__(self) -> None:
        self._lines: dict[LineKey, KnownLine] = {}

    def get(self, key: LineKey) -> KnownLine | None:
        """What is known of a line; None where nothing is."""
        return self._lines.get(key)

    def keep(self, key: LineKey, known: KnownLine) -> None:
        """Remember where a line stands."""
        if len(self._lines) >= _MOST:
            self._lines.clear()
        self._lines[key] = known

    def learn(self, key: LineKey, found: KnownLine) -> None:
        """Remember what a reader has found, unless more is known: the writer may have gone on meanwhile."""
        known = self._lines.get(key)
        if known is None or _stage(found) > _stage(known):
            self.keep(key, found)

    def forget(self, keys: Iterable[LineKey]) -> None:
        """Drop what is known of lines."""
        for key in keys:
            self._lines.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        self._lines.clear()


def _stage(known: KnownLine) -> tuple[int, int, int]:
    line = known.line
    return (0, 0, 0) if line is None else (line.id, line.generation, line.events)
