"""Records: frozen values to plain JSON data and back, so that checkpoints hold nothing but data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

__all__ = ["digest", "dump", "load", "canonical_json"]

T = TypeVar("T")


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def dump(value: Any, kind: Any = None) -> Any:
    """The plain JSON data of a record; `kind` where the value's own class is not enough (a union, a list)."""
    return _adapter(kind if kind is not None else type(value)).dump_python(value, mode="json")


def load(kind: type[T], data: Any) -> T:
    """The record that `data` holds.

    Raises:
        pydantic.ValidationError: `data` is not of that kind.
    """
    return cast(T, _adapter(kind).validate_python(data))


def canonical_json(data: Any) -> str:
    """One text for equal JSON data: keys sorted, no spaces, Unicode as it stands."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(data: Any) -> str:
    """The SHA-256 of the canonical JSON of `data`, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()
