"""Thread: one conversation that the database holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ..contracts import InputError

__all__ = ["Thread", "checked_id", "id_at", "time_of"]

_START_OF_UUID_TIME = datetime(1582, 10, 15, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation that the database holds."""

    id: str
    """The thread's id."""
    updated: datetime | None
    """When its newest checkpoint was made, in UTC; None where the checkpoint's id does not tell."""


def checked_id(thread: str) -> str:
    """The id of a thread, if it is text that can be stored and shown: a NUL is, half of a surrogate pair is not.

    Raises:
        InputError: It is not.
    """
    try:
        if not thread.isascii():
            thread.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"thread {thread!r}",
            got=f"an id with half of a surrogate pair, {thread[error.start]!r}, which UTF-8 has no form for",
            expected="an id that is whole text",
            fix="decode the text that it comes from as what it is",
        ) from error
    return thread


def time_of(checkpoint_id: str) -> datetime | None:
    """When a checkpoint was made, in UTC, read from its id; None where the id is not a UUID of version 6.

    LangGraph's ids are such UUIDs, so that listing threads reads no checkpoint.
    """
    try:
        number = UUID(checkpoint_id).int
    except ValueError:
        return None
    if (number >> 76) & 0xF != 6:
        return None
    ticks = (number >> 80) << 12 | (number >> 64) & 0xFFF  # of 100 nanoseconds
    try:
        return _START_OF_UUID_TIME + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return None


def id_at(moment: datetime) -> str:
    """The lowest id that a checkpoint made at that moment can have: those made before have lower ones."""
    ticks = int((moment - _START_OF_UUID_TIME) / timedelta(microseconds=1)) * 10
    return str(UUID(int=(ticks >> 12) << 80 | 6 << 76 | (ticks & 0xFFF) << 64))
