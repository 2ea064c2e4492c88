"""Alteration: a value made into another one of the same kind, to try what notices it."""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from ..contracts import Field
from ..contracts.annotation import alternatives

__all__ = ["altered", "halved", "mistaken"]

_NOTHING: Any = object()


def mistaken(field: Field, value: Any) -> Any | None:
    """Another value of the field's type, which does not count as the same; None where there is none to be found."""
    try:
        right = field.key(field.plain(value))
    except ValueError:
        return None  # it is wrong already
    for other in _others(field, value):
        try:
            if field.key(field.plain(other)) != right:
                return other
        except ValueError:
            continue
    return None


def _others(field: Field, value: Any) -> Iterator[Any]:
    for part in alternatives(field.annotation):
        if get_origin(part) is Literal:
            yield from get_args(part)
        elif isinstance(part, type) and issubclass(part, enum.Enum):
            yield from part
    changed = altered(value)
    if changed is not None:
        yield changed
        yield altered(changed)


def altered(value: Any) -> Any | None:
    """The value, changed in one place and of the same length and type; None where nothing in it can be changed.

    A number is one more, a date one day later; of a text the first run of digits has other digits, or the first word is
    written backwards; of a list or a mapping the first part that can be changed is.
    """
    changed = _altered(value)
    return None if changed is _NOTHING else changed


def _altered(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case enum.Enum() | None | bytes():
            return _NOTHING
        case int() | float() | Decimal():
            return value + 1
        case datetime.date() if value < value.max.replace(day=30):  # a datetime is one, too
            return value + datetime.timedelta(days=1)
        case str():
            return _altered_text(value)
        case Mapping() | BaseModel() | Sequence():
            return _altered_part(value)
    return _NOTHING


def _altered_part(value: Any) -> Any:
    """A mapping, a model or a list with the first part changed that can be."""
    if isinstance(value, BaseModel):
        parts: Any = ((name, getattr(value, name)) for name in type(value).model_fields)
    else:
        parts = value.items() if isinstance(value, Mapping) else enumerate(value)
    changed = ((place, new) for place, part in parts if (new := _altered(part)) is not _NOTHING)
    place: Any
    place, new = next(changed, (None, _NOTHING))
    if new is _NOTHING:
        return _NOTHING
    if isinstance(value, BaseModel):
        return value.model_copy(update={place: new})
    if isinstance(value, Mapping):
        return {**value, place: new}
    return type(value)([*value[:place], new, *value[place + 1 :]])


def _altered_text(text: str) -> Any:
    if digits := re.search(r"\d+", text):
        other = "".join(str((int(digit) + 1) % 10) for digit in digits[0])
        return text[: digits.start()] + other + text[digits.end() :]
    for word in re.finditer(r"\w+", text):
        if word[0] != word[0][::-1]:
            return text[: word.start()] + word[0][::-1] + text[word.end() :]
    return _NOTHING


def halved(value: Any) -> Any | None:
    """The first half of a text, a list or a mapping; None where there is nothing to take away."""
    if isinstance(value, Mapping):
        kept = list(value)[: len(value) // 2]
        return {key: value[key] for key in kept} if len(value) > 1 else None
    if isinstance(value, str | list | tuple) and len(value) > 1:
        return value[: len(value) // 2]
    return None
