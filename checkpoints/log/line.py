"""Line: the log of one thread in one namespace, with where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .digest import content_digest

__all__ = ["Line", "LineKey"]


class LineKey(NamedTuple):
    """What names a line."""

    thread: str
    """The thread's id."""
    namespace: str
    """The checkpoint namespace: empty for the graph itself, `node:task` for a subgraph."""

    @property
    def origin(self) -> bytes:
        """What the chain of its events begins with, so that none can be passed off as another line's."""
        return content_digest(["line", *(name.encode("utf-8", "surrogatepass") for name in self)])

    def __str__(self) -> str:
        return f"thread {self.thread!r}" + (f", namespace {self.namespace!r}" if self.namespace else "")


@dataclass(slots=True)
class Line:
    """The log of one thread in one namespace, with where it stands. The writer's own; changed as events are added."""

    id: int
    """Number of the line in the database."""
    key: LineKey
    """What names it."""
    head: int | None = None
    """The newest checkpoint's place in the log; None where there is none."""
    head_id: str | None = None
    """The newest checkpoint's id."""
    owner: int = 0
    """The run that wrote last; 0: none, or one outside of LangGraph's loop."""
    tip: bytes | None = None
    """Digest of the newest event, which covers all before it, from `key.origin` on; None where there is none."""
    events: int = 0
    """How many events it had in all, those that were pruned included."""
    early: int = 0
    """How many rows of writes it has that came before their checkpoint."""
    generation: int = 0
    """Counts the times that events were taken out or rewritten: what was remembered of an older one does not hold."""
