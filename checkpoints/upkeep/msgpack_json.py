"""MsgpackJson: msgpack as plain JSON data, where nothing is lost by it."""

from __future__ import annotations

import base64
import json
from typing import Any

import ormsgpack

__all__ = ["NOT_PLAIN", "decoded", "encoded", "packed", "plain_of"]

NOT_PLAIN: Any = object()
"""What `plain_of` gives where JSON cannot say the same."""


class _NotPlain(Exception):
    """There is an object in it."""


def plain_of(content: bytes) -> Any:
    """The plain data that msgpack holds, if `packed` makes the same bytes of it after a way through JSON."""
    try:
        value = ormsgpack.unpackb(content, ext_hook=_refuse)
        # JSON has no bytes, no keys but text, no infinity; and a value may be packed otherwise than we would.
        json.dumps(value, allow_nan=False)
        return value if ormsgpack.packb(value) == content else NOT_PLAIN
    except (_NotPlain, ValueError, TypeError, RecursionError):
        return NOT_PLAIN


def packed(value: Any) -> bytes:
    """Plain data as msgpack.

    Raises:
        ValueError: It holds what msgpack cannot: an integer of more than 64 bits, or too many levels.
    """
    try:
        return ormsgpack.packb(value)
    except ormsgpack.MsgpackEncodeError as error:
        raise ValueError(str(error)) from error


def encoded(content: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(content).decode()


def decoded(text: Any) -> bytes:
    """The bytes of base64.

    Raises:
        ValueError: It is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError) as error:
        raise ValueError(f"not base64: {error}") from error


def _refuse(code: int, content: bytes) -> Any:
    raise _NotPlain
