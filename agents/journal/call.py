"""Call: one call of a model, a tool or a function that passes the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ...contracts import Usage
from .request import Request
from .session import Asked, Session, current_session, in_session, played_response

__all__ = ["Call"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """One call that passes the journal: recorded, or answered by it; where there is none, made and nothing else."""

    request: Callable[[], Request]
    """What is asked."""
    tell: Callable[[R], Any]
    """From what came back to new plain data."""
    read: Callable[[Any], R]
    """From the plain data to what came back."""
    used: Callable[[R], Usage] = lambda result: Usage()
    """What it used."""

    def __call__(self, make: Callable[[], R]) -> R:
        """What `make` gives, or gave when it was recorded."""
        session = current_session()
        if session is None:
            return make()
        asked = session.ask(self.request())
        if asked.played is not None:
            return self._played(session, asked)
        try:
            with in_session(None):  # what it calls of itself is the same request
                result = make()
        except Exception as error:
            session.failed(asked, error)
            raise
        return self._answered(session, asked, result)

    async def acall(self, make: Callable[[], Awaitable[R]]) -> R:
        """The same, to be awaited."""
        session = current_session()
        if session is None:
            return await make()
        asked = session.ask(self.request())
        if asked.played is not None:
            return self._played(session, asked)
        try:
            with in_session(None):
                result = await make()
        except Exception as error:
            session.failed(asked, error)
            raise
        return self._answered(session, asked, result)

    def _played(self, session: Session, asked: Asked) -> R:
        return self.read(played_response(session, asked))

    def _answered(self, session: Session, asked: Asked, result: R) -> R:
        session.answered(asked, self.tell(result), self.used(result))
        return result
