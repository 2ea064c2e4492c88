"""JournalLayer: records what an agent asks models and tools, or plays it back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ...contracts import Journal
from ..journal.playback import Playback, current_playback
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
    """Where to record; None: nowhere, but for a lenient playback, which records where it plays from."""
    redacted: frozenset[str] = frozenset()
    """Names of the fields that are kept out of it."""
    redactor: str = PATTERNS
    """What takes secrets out."""
    price: Price = no_price
    """What a model's answer costs."""

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """The output of a sync agent."""
        playback = current_playback()
        if self._passes(playback):
            return proceed(inputs)
        session = self._session(run, inputs, playback)
        try:
            with in_session(session), watching(session):
                output = proceed(inputs)
        finally:
            session.settle()
            _check(playback)
        return output

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """The output of an async agent."""
        playback = current_playback()
        if self._passes(playback):
            return await proceed(inputs)
        if playback is not None and not playback.is_loaded(run):
            await asyncio.to_thread(playback.playing, run)
        session = self._session(run, inputs, playback)
        try:
            with in_session(session), watching(session):
                output = await proceed(inputs)
        finally:
            await session.asettle()
            _check(playback)
        return output

    def _passes(self, playback: Playback | None) -> bool:
        """Whether nothing is to be done here: a team within an agent asks for that agent, in a playback too."""
        return self.journal is None and (playback is None or current_session() is not None)

    def _session(self, run: Run, inputs: Inputs, playback: Playback | None) -> Session:
        journal = self.journal
        if playback is not None:
            journal = None if playback.mode == "strict" else journal or playback.journal
        playing = None if playback is None else playback.playing(run)
        marked = Marked.of(self.redacted, inputs)
        return Session(run, journal, playing, marked, self.redactor, self.price)


def _check(playback: Playback | None) -> None:
    """Stop where a request was refused, whatever the agent's code made of the refusal."""
    if playback is not None and playback.refused is not None:
        raise playback.refused
