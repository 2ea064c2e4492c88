"""Array: a column of many rows as one parameter of a Postgres statement, in its binary form."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

__all__ = ["Binaries", "Numbers", "Texts", "register"]

_NUMBER, _TEXT, _BINARY = 20, 25, 17
_ARRAY_OF = {_NUMBER: 1016, _TEXT: 1009, _BINARY: 1001}
"""Types by the numbers that Postgres has for them: bigint, text, bytea."""

_head = struct.Struct("!iiiii").pack  # dimensions, whether there may be NULLs, type, length, first index
_length = struct.Struct("!i").pack
_number = struct.Struct("!iq").pack
_NULL = _length(-1)
_EMPTY = struct.Struct("!iii").pack


class Numbers(list[int | None]):
    """A parameter of the type bigint[]."""


class Texts(list[str | None]):
    """A parameter of the type text[]."""


class Binaries(list[bytes | None]):
    """A parameter of the type bytea[]."""


def register(adapters: AdaptersMap) -> None:
    """Let a connection take arrays as parameters. psycopg's own dumper takes twice the time of the whole statement."""
    for dumper, kind in ((_NumbersDumper, Numbers), (_TextsDumper, Texts), (_BinariesDumper, Binaries)):
        adapters.register_dumper(kind, dumper)


class _NumbersDumper(Dumper):
    oid = _ARRAY_OF[_NUMBER]
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return _array(_NUMBER, [_NULL if each is None else _number(8, each) for each in obj])


class _TextsDumper(Dumper):
    oid = _ARRAY_OF[_TEXT]
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return _array(_TEXT, _elements([None if each is None else each.encode() for each in obj]))


class _BinariesDumper(Dumper):
    oid = _ARRAY_OF[_BINARY]
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return _array(_BINARY, _elements(obj))


def _elements(contents: Sequence[bytes | None]) -> list[bytes]:
    return [_NULL if each is None else _length(len(each)) + each for each in contents]


def _array(kind: int, elements: Sequence[bytes]) -> bytes:
    if not elements:
        return _EMPTY(0, 0, kind)
    return _head(1, 1, kind, len(elements), 1) + b"".join(elements)
