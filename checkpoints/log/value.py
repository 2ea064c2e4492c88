"""Value: a channel's serialised value as a checkpoint stores it, whole or as what was added to an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .request import Typed

__all__ = [
    "Body",
    "Form",
    "added_elements",
    "body_of",
    "full",
    "grown",
    "needs",
    "typed",
    "with_elements",
    "worth_knowing",
]

Form = bytes | None | list[Any]
"""How a value stands in a row: msgpack as bytes; None; `[form, bytes]` of another form; or `[places, head, tail]`: a
list with this head, whose elements are those that the checkpoints at these places hold themselves, then `tail`."""


class Body(NamedTuple):
    """A list as it is stored, to compare the next one with."""

    pieces: tuple[tuple[int, int], ...]
    """Where its elements are: the places of checkpoints in their order, and how many bytes each of them holds."""
    content: bytes
    """The list as msgpack."""


_SHORTEST = 64
"""Bytes from which on a list is worth comparing."""
_LONGEST = 8 << 20
"""Bytes up to which a list is kept in memory to compare the next one with."""
_READ = 2048
"""Bytes from which on a list is worth reading the earlier one, to compare it with."""
_FAN = 8
"""How many pieces of about one size become one."""


def full(value: Typed) -> Form:
    """The value, whole."""
    form, content = value
    if form == "msgpack":
        return content
    return None if form == "null" else [form, content]


def grown(value: Typed, place: int, known: Body | None) -> tuple[Form, Body | None]:
    """The value as what was added to a known list where it is one, else whole; and what to compare the next one with.

    As in a log-structured merge tree (O'Neil et al. 1996, with tiers), what is added holds again what the last pieces
    held where there are many of about its size. So each element is stored about log8(n) times, in n values that each
    add one, and a value is in at most 7 log8(n) pieces.

    Args:
        value: The value.
        place: The place of the checkpoint that is to hold it.
        known: The list that the value before it was, as it is stored.
    """
    form, content = value
    if form != "msgpack" or not _SHORTEST <= len(content) <= _LONGEST:
        return full(value), None
    head = _head(content)
    if not head:
        return content, None
    if known is not None and content.startswith(known.content[_head(known.content) :], head):
        pieces, size = known.pieces, len(content) - head - sum(size for _, size in known.pieces)
        if size:
            pieces, size = _merged(pieces, size)
        if pieces:
            held = [at for at, _ in pieces]
            return [held, content[:head], content[len(content) - size :] if size else b""], Body(
                (*pieces, (place, size)) if size else pieces, content
            )
    return content, Body(((place, len(content) - head),), content)


def _merged(pieces: tuple[tuple[int, int], ...], size: int) -> tuple[tuple[tuple[int, int], ...], int]:
    """The pieces that stay when one of this size comes, and its size with those that it takes over."""
    while True:
        first = len(pieces)
        while first and pieces[first - 1][1] < _FAN * size:
            first -= 1
        if len(pieces) - first < _FAN - 1:
            return pieces, size
        size += sum(more for _, more in pieces[first:])
        pieces = pieces[:first]


def worth_knowing(value: Typed) -> bool:
    """Whether a value is a list for which it pays to read the earlier one, to store what was added only."""
    form, content = value
    return form == "msgpack" and _READ <= len(content) <= _LONGEST and bool(_head(content))


def body_of(form: Form, place: int, held: Callable[[int], Form]) -> Body | None:
    """A stored list, to compare the next one with; None where it is no list, or a long one.

    Raises:
        TypeError: It adds to a list that is not there.
    """
    kind, content = typed(form, held)
    if kind != "msgpack" or not content or not _head(content) or len(content) > _LONGEST:
        return None
    pieces = [(other, len(_part(held(other)))) for other in needs(form)]
    own = len(_part(form))
    return Body((*pieces, (place, own)) if own or not pieces else tuple(pieces), content)


def needs(form: Form) -> Sequence[int]:
    """The places of the checkpoints whose elements this value has too; none where it is whole.

    Raises:
        TypeError: It is no form.
    """
    if not isinstance(form, list) or len(form) != 3:
        return ()
    if not isinstance(form[0], list) or not all(isinstance(place, int) for place in form[0]):
        raise TypeError("it names no places")
    return form[0]


def typed(form: Form, held: Callable[[int], Form]) -> Typed:
    """The serialised value; `held` gives the form of the same channel at another place.

    Raises:
        TypeError: It adds to a list that is not there.
    """
    if form is None:
        return "null", b""
    if isinstance(form, bytes):
        return "msgpack", form
    if not isinstance(form, list) or len(form) not in (2, 3):
        raise TypeError("it is in no form that a value has")
    if len(form) == 2:
        return form[0], form[1]
    return "msgpack", b"".join([form[1], *(_part(held(place)) for place in needs(form)), form[2]])


def _part(form: Form) -> bytes:
    """The elements that a row holds itself."""
    if isinstance(form, bytes):
        return form[_head(form) :]
    if not isinstance(form, list) or len(form) != 3 or not isinstance(form[2], bytes):
        raise TypeError("it adds to a list that is not there")
    return form[2]


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
    if not content:
        return 0
    first = content[0]
    if first & 0xF0 == 0x90:
        return 1
    return {0xDC: 3, 0xDD: 5}.get(first, 0)
