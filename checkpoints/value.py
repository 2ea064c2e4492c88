"""Value: a channel's serialised value as a checkpoint stores it, whole or as what was added to an earlier one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .request import Typed

__all__ = ["Body", "Form", "full", "grown", "needs", "typed"]

Form = bytes | None | list[Any]
"""How a value stands in a row: msgpack as bytes; None; `[form, bytes]` of another form; or
`[seq, head, tail]`: the list that the checkpoint at `seq` holds, with another head, and `tail` added."""

Body = tuple[int, bytes]
"""Where a value is stored whole, and its bytes."""

_SHORTEST = 64
"""Bytes from which on a list is worth comparing."""
_LONGEST = 8 << 20
"""Bytes up to which a list is kept in memory to compare the next one with."""


def full(value: Typed) -> Form:
    """The value, whole."""
    form, content = value
    if form == "msgpack":
        return content
    return None if form == "null" else [form, content]


def grown(value: Typed, known: Body | None) -> tuple[Form, Body | None]:
    """The value as what was added to a known list where it is one, else whole; and what to compare the next one with.

    A value that has more than doubled is stored whole again, so that reading one takes two rows at most.
    """
    form, content = value
    if form != "msgpack" or not _SHORTEST <= len(content) <= _LONGEST:
        return full(value), None
    head = _head(content)
    if not head:
        return content, None
    if known is not None:
        place, old = known
        skip = _head(old)
        if len(content) - head < 2 * (len(old) - skip) and content.startswith(old[skip:], head):
            return [place, content[:head], content[head + len(old) - skip :]], known
    return content, (-1, content)


def needs(form: Form) -> int | None:
    """The place of the checkpoint whose value this one adds to; None where it is whole."""
    return form[0] if isinstance(form, list) and isinstance(form[0], int) else None


def typed(form: Form, held: Callable[[int], Form]) -> Typed:
    """The serialised value; `held` gives the form of the same channel at another place."""
    if form is None:
        return "null", b""
    if isinstance(form, bytes):
        return "msgpack", form
    if len(form) == 2:
        return form[0], form[1]
    place, head, tail = form
    old = held(place)
    if not isinstance(old, bytes):
        raise TypeError("it adds to a list that is not there")
    return "msgpack", head + old[_head(old) :] + tail


def _head(content: bytes) -> int:
    """How many bytes a msgpack list takes before its first element; 0 where it is not a list."""
    first = content[0]
    if first & 0xF0 == 0x90:
        return 1
    return {0xDC: 3, 0xDD: 5}.get(first, 0)
