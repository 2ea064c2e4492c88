"""Projection cell: one value as a column of a projection holds it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from ...contracts import canonical_json
from ..postgres.text import stored, unstored
from .column import ColumnType

__all__ = ["cell", "name_of", "seconds_between", "text_of", "type_of"]

_LARGEST = 2**63


def cell(kind: ColumnType, value: Any) -> str | int | float | bool | None:
    """A value in the form of its column; what is not there, as an empty text, is None.

    The form is the same for SQLite and Postgres. A NUL or half a surrogate pair, which Postgres does not store, becomes
    a replacement character; a time that is none, and a number that is not finite, None.

    Raises:
        TypeError: It is of another type than the column.
        ValueError: It is no JSON data, or an integer beyond 64 bits.
    """
    if value is None:
        return None
    match kind:
        case "text":
            return _storable(str(value)) or None
        case "time":
            return _time(str(value))
        case "json":
            return _json(value)
        case "boolean":
            return bool(value)
        case "integer":
            if not -_LARGEST <= int(value) < _LARGEST:
                raise ValueError("an integer beyond 64 bits")
            return int(value)
        case "real":
            return float(value) if math.isfinite(value) else None


def name_of(thread: str) -> str:
    r"""A thread's id as the tables hold it: no other has the same.

    It stands as it is, but for a NUL and half a surrogate pair, which are `\u0000`, say; then, and where an id of
    plain text looks so, a backslash is doubled.
    """
    return stored(thread) if _storable(thread) != thread or unstored(thread) != thread else thread


def text_of(value: Any) -> str | None:
    """A claimed or decided value as text: text as it stands, all else as JSON."""
    return value if value is None or isinstance(value, str) else canonical_json(value)


def type_of(value: Any) -> str | None:
    """What a claimed or decided value is, as text."""
    match value:
        case None:
            return None
        case str():
            return "text"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case list() | tuple():
            return "list"
        case _:
            return "object"


def seconds_between(start: str, end: str) -> float | None:
    """The seconds from one time to another, both in ISO 8601; None where one is none."""
    first, last = _parsed(start), _parsed(end)
    return None if first is None or last is None else round((last - first).total_seconds(), 3)


def _time(text: str) -> str | None:
    moment = _parsed(text)
    return None if moment is None else moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _parsed(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _json(value: Any) -> str:
    text = canonical_json(value)
    if "\\u0000" in text or not _encodable(text):  # `jsonb` refuses an escaped NUL, too
        return canonical_json(_mended(value))
    return text


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _mended(value: Any) -> Any:
    match value:
        case str():
            return _storable(value)
        case dict():
            return {_storable(str(key)): _mended(each) for key, each in value.items()}
        case list() | tuple():
            return [_mended(each) for each in value]
        case _:
            return value
