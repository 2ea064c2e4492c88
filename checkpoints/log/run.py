"""Run: one execution of a graph, as the fence tells it from another."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from .hold import Hold
from .line import LineKey

__all__ = ["Load", "Run"]


@dataclass(frozen=True, slots=True)
class Load:
    """What a run found when it read a line first."""

    head: str | None
    """Id of the newest checkpoint; None where there was none."""
    owner: int
    """The run that had written last."""
    addressed: bool
    """Whether it asked for another checkpoint than the newest: a replay, which forks."""
    events: int = 0
    """How many events the line had had."""
    generation: int = 0
    """The line's generation."""


@dataclass(slots=True, eq=False)
class Run:
    """One execution of a graph."""

    token: int = field(default_factory=lambda: secrets.randbits(62) | 1)
    """Its number, random, never 0; told from those of other processes."""
    loads: dict[LineKey, Load] = field(default_factory=dict)
    """What it found in each line."""
    forked: set[LineKey] = field(default_factory=set)
    """The lines on which a replay has branched off already."""
    event_loop: asyncio.AbstractEventLoop | None = None
    """The event loop that it runs on: it cannot go on when that is closed."""
    watch: object = None
    """What tells of its end; None where nothing does."""
    hold: Hold | None = None
    """Its claim to be the one at work on its line; None where its end is not told."""
    ended: bool = False
    """Whether its end was told."""
    broken_off: bool = False
    """Whether it ended without waiting for all that it had to write: what comes of it later is refused."""
    unsettled: Callable[[], None] | None = None
    """Notes that something of it may still wait to be written."""

    @property
    def alive(self) -> bool:
        """Whether it is still at work."""
        if self.event_loop is not None and self.event_loop.is_closed():
            self.end(broken_off=True)
        return not self.ended

    def end(self, *, broken_off: bool = False) -> Future[None] | None:
        """It has ended: release its line; what is done when other processes see it, None where they do at once.

        Any thread may say so, twice too, and the garbage collector.
        """
        if not self.ended and broken_off:
            self.broken_off = True
            if self.unsettled is not None:
                self.unsettled()
        self.ended = True
        self.watch = None
        return None if self.hold is None else self.hold.release()
