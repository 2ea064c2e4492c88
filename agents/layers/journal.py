"""JournalLayer: records what an agent asks models and tools, or plays it back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ...contracts import Journal
from ..journal.playback import Playback, current_playback
from ..journal.recording import current_recording
from ..journal.redaction import PATTERNS, Marked
from ..journal.session import Price, Session, current_session, in_session, no_price
from ..journal.watch import watching
from ..output import Output
from ..run import Run
from .layer import AsyncProceed, Inputs, Proceed

__all__ = ["JournalLayer"]


@dataclass(frozen=True, slots=True)
class JournalLayer:
    """Records what an agent asks models and tools, or plays it back: on disk before the agent's output goes on."""

    journal: Journal | None = None
    """Where to record; None: where a recording around it does, or a lenient playback plays from, else nowhere."""
    redacted: frozenset[str] = frozenset()
    """Names of the fields that are kept out of it."""
    redactor: str = PATTERNS
    """What takes secrets out."""
    price: Price = no_price
    """What a model's answer costs."""

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """The output of a sync agent."""
        playback, journal = current_playback(), self._journal()
        if _passes(playback, journal):
            return proceed(inputs)
        session = self._session(run, inputs, playback, journal)
        try:
            with in_session(session), watching(session):
                output = proceed(inputs)
        finally:
            session.settle()
            _check(playback, run)
        return output

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """The output of an async agent."""
        playback, journal = current_playback(), self._journal()
        if _passes(playback, journal):
            return await proceed(inputs)
        if playback is not None and not playback.is_loaded(run):
            await asyncio.to_thread(playback.playing, run)
        session = self._session(run, inputs, playback, journal)
        try:
            with in_session(session), watching(session):
                output = await proceed(inputs)
        finally:
            await session.asettle()
            _check(playback, run)
        return output

    def _journal(self) -> Journal | None:
        """Where to record; a team within an agent that is recorded records there, if it has none of its own."""
        if self.journal is not None:
            return self.journal
        return current_recording() if current_session() is None else None

    def _session(self, run: Run, inputs: Inputs, playback: Playback | None, journal: Journal | None) -> Session:
        if playback is not None:
            journal = None if playback.mode == "strict" else journal or playback.journal
        playing = None if playback is None else playback.playing(run)
        marked = Marked.of(self.redacted, inputs)
        return Session(run, journal, playing, marked, self.redactor, self.price)


def _passes(playback: Playback | None, journal: Journal | None) -> bool:
    """Whether nothing is to be done here: a team within an agent asks for that agent, in a playback too."""
    return journal is None and (playback is None or current_session() is not None)


def _check(playback: Playback | None, run: Run) -> None:
    """Stop where a request of the thread was refused, whatever the agent's code made of the refusal."""
    if playback is not None and (error := playback.refusals.get(run.thread)) is not None:
        raise error
