"""Session: what one attempt of an agent asks models and tools, recorded, played back, or both."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from ...contracts import Journal, JournalEntry, Usage, digest
from ..rejected import rejected
from ..run import Run
from ..setting import Setting
from .recorded_error import error_of, told_error
from .redaction import PATTERNS, Marked, Redaction
from .request import Request

if TYPE_CHECKING:
    from .playback import Playing

__all__ = ["Asked", "Price", "Session", "current_session", "in_session", "no_price", "played_response"]


_NOTHING = Usage()

Price = Callable[[Usage, str], float | None]
"""From what an answer used, and whose service it is, to US dollars; None where the price is not known."""


def no_price(used: Usage, provider: str) -> None:
    """No price is known."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was asked, and when."""

    request: Request
    """What was asked."""
    order: int
    """The how manieth of the attempt."""
    at: datetime
    """When."""
    started: float
    """The same, by the clock that measures."""
    played: JournalEntry | None = None
    """The recorded answer, where it is played back."""


@dataclass(slots=True)
class Session:
    """What one attempt of an agent asks. Several threads and tasks of the agent may ask at the same time."""

    run: Run
    """The attempt."""
    journal: Journal | None
    """Where to record; None: nowhere."""
    playing: Playing | None = None
    """Where answers come from; None: from the model or the tool itself."""
    marked: Marked = field(default_factory=Marked)
    """What is kept out of the journal."""
    redactor: str = PATTERNS
    """What takes secrets out."""
    price: Price = no_price
    """What an answer costs."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Id of the attempt."""
    _asked: int = 0
    _lock: Lock = field(default_factory=Lock)
    _stored: list[Future[None]] = field(default_factory=list)

    def ask(self, request: Request) -> Asked:
        """Begin a request; in a playback with the answer that was recorded, if there is one.

        Raises:
            JournalError: The playback is strict, and there is none.
        """
        with self._lock:
            order = self._asked
            self._asked += 1
        played = None if self.playing is None else self.playing.answer(request, self.marked)
        return Asked(request, order, datetime.now(UTC), time.perf_counter(), played)

    def answered(self, asked: Asked, response: Any, used: Usage = _NOTHING) -> None:
        """Record what came back, as plain data that nobody else holds."""
        self._record(asked, response, used, "")

    def repeated(self, asked: Asked) -> None:
        """Record the answer that was played back anew, so that what this attempt was answered is all together."""
        if (entry := asked.played) is not None and self.journal is not None:
            used = Usage(entry.name, entry.input_tokens, entry.output_tokens)
            self._record(asked, entry.response, used, entry.error)

    def failed(self, asked: Asked, error: Exception) -> None:
        """Record that the call raised."""
        told, answer = told_error(error), rejected(error)
        self._record(asked, told, _NOTHING if answer is None else answer.usage, f"{told['class']}: {told['words']}")

    def settle(self) -> None:
        """Wait until all is on disk.

        Raises:
            DatabaseError: It cannot be stored.
        """
        stored, self._stored = self._stored, []
        wait(stored)
        for each in stored:
            each.result()

    async def asettle(self) -> None:
        """The same, to be awaited."""
        if all(each.done() for each in self._stored):
            self.settle()
            return
        stored, self._stored = self._stored, []
        for result in await asyncio.gather(*map(asyncio.wrap_future, stored), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    def _record(self, asked: Asked, response: Any, used: Usage, error: str) -> None:
        if self.journal is None:
            return
        journal, seconds = self.journal, time.perf_counter() - asked.started
        self._stored.append(
            journal.record(lambda: self._entry(journal, asked, response, used, error, round(seconds, 6)))
        )

    def _entry(
        self, journal: Journal, asked: Asked, response: Any, used: Usage, error: str, seconds: float
    ) -> JournalEntry:
        redaction = Redaction(self.redactor, journal.mark, self.marked)
        request, run = asked.request, self.run
        data = redaction(request.data)
        return JournalEntry(
            kind=request.kind,
            name=request.name,
            digest=digest(data),
            request=data,
            response=redaction(response),
            error=redaction(error)[:500],
            agent=run.agent,
            version=run.version,
            prompt=request.prompt,
            thread=run.thread,
            turn=run.turn,
            basis=dict(run.basis),
            task=run.task,
            run=self.id,
            attempt=run.attempt,
            order=asked.order,
            provider=request.provider,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            usd=self.price(used, request.provider) if request.kind == "model" and (used.model or not error) else None,
            seconds=seconds,
            at=asked.at.isoformat(timespec="microseconds"),
            redactor=self.redactor,
            redacted=tuple(redaction.kinds),
        )


_current: ContextVar[Session | None] = ContextVar("quorate_journal_session", default=None)


def current_session() -> Session | None:
    """The session that the caller is part of; None where nothing is recorded or played back."""
    return _current.get()


def in_session(session: Session | None) -> Setting[Session | None]:
    """Make it the current one, in this thread or task and those that it starts; None: within nothing is recorded."""
    return Setting(_current, session)


def played_response(session: Session, asked: Asked) -> Any:
    """The answer to give back in a playback; recorded anew where the playback records.

    Raises:
        Exception: What the call raised when it was recorded.
    """
    session.repeated(asked)
    entry = asked.played
    if entry is not None and entry.error:
        raise error_of(entry.response)
    return None if entry is None else entry.response
