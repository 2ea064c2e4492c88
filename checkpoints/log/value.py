"""Value: a channel's serialised value as a checkpoint stores it, whole or as what was added to an earlier one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .request import Typed

__all__ = ["Body", "Form", "added_elements", "full", "grown", "needs", "typed", "with_elements"]

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


def added_elements(old: bytes, new: bytes) -> bytes | None:
    """What was added to one msgpack list to make another, as a list; None where that is not how it came about."""
    head, skip = (_head(new), _head(old)) if min(len(new), len(old)) >= _SHORTEST else (0, 0)
    if not head or not skip or _count(new) < _count(old) or not new.startswith(old[skip:], head):
        return None
    elements = _list_of(_count(new) - _count(old), new[head + len(old) - skip :])
    return elements if with_elements(old, elements) == new else None


def with_elements(old: bytes, elements: bytes) -> bytes:
    """A msgpack list with the elements of another one added.

    Raises:
        ValueError: One of them is no list.
    """
    if not old or not elements or not _head(old) or not _head(elements):
        raise ValueError("elements are added to something that is no list, or are none")
    return _list_of(_count(old) + _count(elements), old[_head(old) :] + elements[_head(elements) :])


def _count(content: bytes) -> int:
    """How many elements a msgpack list has."""
    head = _head(content)
    return content[0] & 0x0F if head == 1 else int.from_bytes(content[1:head], "big")


def _list_of(count: int, elements: bytes) -> bytes:
    if count < 16:
        return bytes([0x90 | count]) + elements
    head = b"\xdc" + count.to_bytes(2, "big") if count < 1 << 16 else b"\xdd" + count.to_bytes(4, "big")
    return head + elements


def _head(content: bytes) -> int:
    """How many bytes a msgpack list takes before its first element; 0 where it is not a list."""
    first = content[0]
    if first & 0xF0 == 0x90:
        return 1
    return {0xDC: 3, 0xDD: 5}.get(first, 0)
