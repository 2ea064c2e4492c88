"""Plain: any value as plain JSON data that two equal requests share, whatever object it was in."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_core import PydanticSerializationError, to_jsonable_python

__all__ = ["plain"]

_DEEPEST = 200


def plain(value: Any, depth: int = 0) -> Any:
    """The value as new plain JSON data.

    A class that is a model becomes its JSON Schema, a function its name, bytes their SHA-256, a secret nothing. Of any
    other object the name of its class is left: no address and no id, which would make each request another one.
    """
    if isinstance(value, Enum):
        return plain(value.value, depth)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if depth > _DEEPEST:
        return f"<deeper than {_DEEPEST} levels>"
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted((plain(item, depth + 1) for item in value), key=repr)
    if isinstance(value, bytes | bytearray):
        return {"sha256": hashlib.sha256(value).hexdigest(), "bytes": len(value)}
    if isinstance(value, Sequence):
        return [plain(item, depth + 1) for item in value]
    return _object(value, depth)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else repr(key) if isinstance(key, int | float | bool | None) else _name(key)


def _object(value: Any, depth: int) -> Any:
    if isinstance(value, SecretStr | SecretBytes):
        return "<secret>"
    if isinstance(value, type):
        return {"schema": value.model_json_schema()} if issubclass(value, BaseModel) else _name(value)
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name), depth + 1) for name in type(value).model_fields}
    if dataclasses.is_dataclass(value):
        return {each.name: plain(getattr(value, each.name), depth + 1) for each in dataclasses.fields(value)}
    if callable(value):
        return _name(value)
    if isinstance(value, Iterator | AsyncIterator):
        return _name(type(value))  # to look into it would use it up
    try:
        return to_jsonable_python(value)  # dates, decimals, enums, paths, UUIDs
    except (PydanticSerializationError, ValueError):
        return _name(type(value))


def _name(thing: Any) -> str:
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', type(thing).__qualname__)}"
