"""Mark: what the digest of a checkpoint covers of a value."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

from .recent import Recent
from .request import Typed

__all__ = ["KnownMarks", "Mark", "Marks", "mark_of", "marks_of"]

Mark = bytes | None | list[Any]
"""Of msgpack: its SHA-256, or where it has less than 32 bytes these; None of None; `[form, bytes or SHA-256]` else."""

_LONG = 32
_PLACES = 8192
"""Of how many places marks are kept."""

_sha256 = sha256


class Marks(NamedTuple):
    """What the digest of a checkpoint covers of all the values that it has, wherever they are held."""

    held: dict[str, Mark]
    """For each channel that has a value: its mark."""
    seeds: dict[str, Mark]
    """For each channel that may be a delta channel, and has lost its value: the mark of the last one."""


def mark_of(value: Typed) -> Mark:
    """The mark of a value: of two different values of a channel it is never the same."""
    form, content = value
    mark = content if len(content) < _LONG else _sha256(content).digest()
    if form == "msgpack":
        return mark
    return None if form == "null" else [form, mark]


def marks_of(held: dict[str, int], seeds: dict[str, int], mark: Callable[[str, int], Mark]) -> Marks:
    """The marks of values, given where they are held, and what gives the mark of a channel's value at a place."""
    return Marks(
        {channel: mark(channel, place) for channel, place in held.items()},
        {channel: mark(channel, place) for channel, place in seeds.items()},
    )


class KnownMarks:
    """The marks of a line's values, made once each while they are in use.

    Args:
        value: Gives the serialised value of a channel at a place.
    """

    def __init__(self, value: Callable[[str, int], Typed]) -> None:
        self._value = value
        self._known: Recent[dict[str, Mark]] = Recent(_PLACES)

    def __call__(self, channel: str, place: int) -> Mark:
        """The mark of a channel's value at a place."""
        known = self._known.get(place)
        if known is None:
            known = {}
            self._known.keep(place, known, 1)
        if channel not in known:
            known[channel] = mark_of(self._value(channel, place))
        return known[channel]
