"""Journaling: what `quorate run` does with the journal: it records, or plays back on threads that nobody keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from rich.console import Console

    from ..agents import Playback
    from ..agents.journal.playback import Mode
    from ..checkpoints import Database

__all__ = ["Journaling"]


class Journaling(AbstractContextManager["Journaling"]):
    """What a run does with the journal; a context manager.

    Args:
        database: Where threads and journal are.
        record: Whether it records, also where the team has no journal of its own.
        playback: Whether it plays back, and how. Then threads are kept in memory: those in the database stay as they
            are.
    """

    def __init__(self, database: Database, *, record: bool, playback: Mode | None) -> None:
        self._database, self._record = database, record
        self._mode: Mode | None = playback
        self._stack = ExitStack()
        self._playing: Playback | None = None

    def __enter__(self) -> Self:
        from ..agents import playback, recording

        if self._record:
            self._stack.enter_context(recording(self._database.journal))
        if self._mode is not None:
            self._playing = self._stack.enter_context(playback(self._database.journal, self._mode))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @asynccontextmanager
    async def asaver(self) -> AsyncIterator[BaseCheckpointSaver[str]]:
        """Where the threads are kept."""
        if self._mode is None:
            async with self._database.asaver() as saver:
                yield saver
            return
        from langgraph.checkpoint.memory import InMemorySaver

        yield InMemorySaver()

    def report(self, screen: Console) -> None:
        """Print how a playback went."""
        played = self._playing
        if played is None:
            return
        refused = len(played.refusals)
        answered, called = played.answered, played.called
        screen.print(
            f"Played back ({self._mode}): {answered:,} answer{'s' * (answered != 1)} from the journal, "
            f"{called:,} request{'s' * (called != 1)} made"
            + (f", {refused} thread{'s' * (refused != 1)} refused" if refused else "")
            + "; the threads in the database are as they were, and no effect was executed",
            soft_wrap=True,
        )
