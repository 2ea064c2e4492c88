"""Records: frozen values to plain JSON data and back, so that checkpoints hold nothing but data."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

__all__ = ["canonical_json", "check_plain", "digest", "dump", "load"]

T = TypeVar("T")


_DEEPEST = 200

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


def check_plain(data: Any) -> None:
    """Check that a checkpoint can hold the data.

    Raises:
        ValueError: It holds NaN or an infinity, an integer beyond 64 bits, half a surrogate pair, something
            that is no JSON data, or is nested deeper than 200 levels.
    """
    _check(data, 0)


def _check(data: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"data nested deeper than {_DEEPEST} levels cannot be stored")
    match data:
        case dict():
            for key, item in data.items():
                _check_scalar(key, str)
                _check(item, depth + 1)
        case list() | tuple():
            for item in data:
                _check(item, depth + 1)
        case _:
            _check_scalar(data, str | bool | int | float | None)


def _check_scalar(data: Any, kinds: Any) -> None:
    if not isinstance(data, kinds):
        raise ValueError(f"{type(data).__name__} is no JSON data")
    if isinstance(data, str):
        data.encode()
    elif isinstance(data, int) and not -(2**63) <= data < 2**64:
        raise ValueError("an integer beyond 64 bits cannot be stored")
    elif isinstance(data, float) and not math.isfinite(data):
        raise ValueError(f"{data} cannot be stored")


def digest(data: Any) -> str:
    """The SHA-256 of the canonical JSON of `data`, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()
