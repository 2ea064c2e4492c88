"""Sample: a few values of a type, as a condition sees them."""

from __future__ import annotations

import datetime
import decimal
import types
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from typing_extensions import is_typeddict

from ...contracts import fields_of
from ...contracts.annotation import alternatives

__all__ = ["UNKNOWN", "samples"]


class _Unknown:
    """The one value that stands for values of which nothing is known."""


UNKNOWN = _Unknown()
"""Where a type says nothing about its values."""

_DEEPEST = 6
_SIMPLE: Mapping[Any, tuple[Any, ...]] = {
    bool: (True, False),
    int: (2, 0, -3),
    float: (2.5, 0.0, -3.5),
    decimal.Decimal: (2.5, 0.0, -3.5),
    str: ("text", ""),
    bytes: (b"text",),
    datetime.datetime: ("2026-02-03T04:05:06",),
    datetime.date: ("2026-02-03",),
    datetime.time: ("04:05:06",),
    type(None): (None,),
    None: (None,),
}
_LISTS = (list, tuple, set, frozenset, Sequence, Iterable, Collection)


def samples(annotation: Any, depth: int = 0) -> tuple[Any, ...]:
    """A few values of a type as plain data; `UNKNOWN` where the type says nothing about them.

    Args:
        annotation: The type, as declared.
        depth: How many models it is within.
    """
    found: list[Any] = []
    for each in alternatives(annotation):
        found += _of_one(each, depth)
    return tuple(found)


def _of_one(kind: Any, depth: int) -> tuple[Any, ...]:
    if isinstance(kind, type | types.NoneType) and kind in _SIMPLE:
        return _SIMPLE[kind]
    origin = get_origin(kind) or kind
    if origin is Literal:
        return get_args(kind)
    if depth >= _DEEPEST or not isinstance(origin, type):
        return (UNKNOWN,)
    if issubclass(origin, Enum):
        return tuple(each.value for each in list(origin)[:3])
    if issubclass(origin, BaseModel):
        return (_record({name: field.annotation for name, field in fields_of(origin).items()}, depth),)
    if is_typeddict(origin):
        return (_record(get_type_hints(origin), depth),)
    if origin in _LISTS:
        items = [each for each in get_args(kind) if each is not ...]
        return ([], [samples(items[0], depth + 1)[0]]) if items else (UNKNOWN,)
    for base, values in _SIMPLE.items():
        if base is not None and issubclass(origin, base):
            return values
    return (UNKNOWN,)


def _record(annotations: Mapping[str, Any], depth: int) -> dict[str, Any]:
    return {name: samples(annotation, depth + 1)[0] for name, annotation in annotations.items()}
