"""Recording: within it teams record what models and tools answer, also those without a journal of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ...contracts import Journal

__all__ = ["current_recording", "recording"]

_current: ContextVar[Journal | None] = ContextVar("quorate_recording", default=None)


def current_recording() -> Journal | None:
    """The journal of the recording that the caller is within, or None."""
    return _current.get()


@contextmanager
def recording(journal: Journal) -> Iterator[None]:
    """Within it teams record what models and tools answer; one that has a journal of its own records there.

    Args:
        journal: Where to: `database.journal`.
    """
    token = _current.set(journal)
    try:
        yield
    finally:
        _current.reset(token)
