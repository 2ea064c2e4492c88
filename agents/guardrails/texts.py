"""Texts: every text in a value, however deep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

__all__ = ["texts_in"]

_LONG = 10**8
"""Whole numbers from here on are read as text."""
_DIGITS = 4_000
"""Python writes no number with more digits than about this."""


def texts_in(value: Any) -> Iterator[str]:
    """The texts in plain data or a model, keys of maps included; without recursion, whatever the depth.

    Long whole numbers are texts, too: the number of a card need not stand in quotes.
    """
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case bytes() as data:
                yield data.decode("utf-8", "replace")
            case int() as number if abs(number) >= _LONG:
                yield _digits(number)
            case BaseModel() as model:
                waiting.extend(getattr(model, name) for name in type(model).model_fields)
            case Mapping() as mapping:
                waiting.extend(mapping.values())
                yield from (key for key in mapping if isinstance(key, str))
            case Sequence() | set() | frozenset() as items:
                waiting.extend(items)
            case _:
                pass


def _digits(number: int) -> str:
    return str(number) if abs(number) < 10**_DIGITS else hex(number)
