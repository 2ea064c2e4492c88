"""Equality: the text that equal values share, so that two ways to write one value are one vote."""

from __future__ import annotations

import datetime
import decimal
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from .annotation import metadata_of
from .record import canonical_json

__all__ = ["Canonical", "canonical_of", "key_of"]

_PLACES = 40
"""The most zeros that a decimal's key spells out; a model may well claim 1E+999999999."""


@dataclass(frozen=True, slots=True)
class Canonical:
    """A field's own equality: `Annotated[str, Canonical(f)]`; values with equal `f(value)` are the same vote."""

    key: Callable[[Any], str]
    """From a typed value to the text that equal values share."""


def canonical_of(metadata: Iterable[Any]) -> Canonical | None:
    """The first `Canonical` among the metadata of an annotation, or None."""
    return next((meta for meta in metadata if isinstance(meta, Canonical)), None)


def key_of(value: Any) -> str:
    """The text that equal typed values share.

    Text: compatibility form (NFKC), case folded, white space collapsed. Decimal: without trailing zeros.
    Date and time: ISO 8601, an aware one in UTC. Lists, sets, mappings and models: canonical JSON of their
    parts by the same rules; a part of a model by its own `Canonical` where it has one. Other types:
    canonical JSON.
    """
    form = _form(value)
    return form if isinstance(form, str) else canonical_json(form)


def _form(value: Any) -> Any:
    """JSON data that is the same for equal values."""
    match value:
        case Enum():
            return to_jsonable_python(value.value)
        case str():
            return _fold(value)
        case float():
            return value + 0.0  # minus zero is zero
        case decimal.Decimal():
            return _decimal(value)
        case datetime.date() | datetime.time():
            return _in_utc(value).isoformat()
        case BaseModel():
            own = _own_keys(type(value))
            parts = {**{name: getattr(value, name) for name in own}, **(value.model_extra or {})}
            return {name: own.get(name, _form)(part) if part is not None else None for name, part in parts.items()}
        case Mapping():
            return {str(to_jsonable_python(name)): _form(part) for name, part in value.items()}
        case list() | tuple():
            return [_form(part) for part in value]
        case set() | frozenset():
            return sorted((_form(part) for part in value), key=canonical_json)
        case _:
            return to_jsonable_python(value)


@cache
def _own_keys(model: type[BaseModel]) -> dict[str, Callable[[Any], Any]]:
    """For each field of a model, from its value to the form that equal values share."""
    own: dict[str, Callable[[Any], Any]] = {}
    for name, info in model.model_fields.items():
        canonical = canonical_of([*info.metadata, *metadata_of(info.annotation)])
        own[name] = canonical.key if canonical else _form
    return own


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _decimal(value: decimal.Decimal) -> str:
    if not value.is_finite():
        return str(value)
    if value == 0:
        return "0"
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    bare = text.rstrip("0")
    power = int(exponent) + len(text) - len(bare)
    if abs(power) <= _PLACES:
        return format(decimal.Decimal((sign, tuple(map(int, bare)), power)), "f")
    return f"{'-' if sign else ''}{bare}E{power:+d}"


def _in_utc(value: datetime.date | datetime.time) -> datetime.date | datetime.time:
    """An aware date and time in UTC; one that UTC cannot write, at the ends of the calendar, as it stands."""
    try:
        if isinstance(value, datetime.datetime) and value.tzinfo is not None:
            return value.astimezone(datetime.UTC)
        if isinstance(value, datetime.time) and value.utcoffset() is not None:
            any_day = datetime.date(2000, 1, 2)
            return datetime.datetime.combine(any_day, value).astimezone(datetime.UTC).timetz()
    except OverflowError:
        pass
    return value
