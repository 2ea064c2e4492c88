"""Difference: where one request differs from another, in one place that a person can look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Difference", "differences"]

_BEFORE, _AFTER = 20, 60
"""Characters that are shown before and after the place where two texts part."""
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which two requests differ."""

    path: str
    """The place: `messages[0].content`."""
    recorded: str
    """What stood there when it was recorded, as it can be shown."""
    got: str
    """What stands there now."""


def differences(recorded: Any, got: Any, path: str = "") -> Iterator[Difference]:
    """Where plain data differs, in the order in which a person reads it; nothing where it is equal."""
    match recorded, got:
        case dict(), dict():
            for key in dict.fromkeys((*recorded, *got)):
                place = f"{path}.{key}" if path else str(key)
                yield from differences(recorded.get(key, _MISSING), got.get(key, _MISSING), place)
        case list(), list():
            for index in range(max(len(recorded), len(got))):
                one = recorded[index] if index < len(recorded) else _MISSING
                other = got[index] if index < len(got) else _MISSING
                yield from differences(one, other, f"{path}[{index}]")
        case str(), str() if recorded != got:
            yield _of_texts(recorded, got, path)
        case _ if type(recorded) is not type(got) or recorded != got:
            yield Difference(path, _shown(recorded), _shown(got))


def _of_texts(recorded: str, got: str, path: str) -> Difference:
    at = next((i for i, (a, b) in enumerate(zip(recorded, got, strict=False)) if a != b), min(len(recorded), len(got)))
    if at <= _BEFORE and max(len(recorded), len(got)) <= _BEFORE + _AFTER:
        return Difference(path, _shown(recorded), _shown(got))
    return Difference(f"{path}, from character {at + 1} on", _part(recorded, at), _part(got, at))


def _part(text: str, at: int) -> str:
    start, end = max(0, at - _BEFORE), at + _AFTER
    return ("…" if start else "") + repr(text[start:end]) + ("…" if end < len(text) else "")


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "nothing"
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _BEFORE + _AFTER else f"{text[: _BEFORE + _AFTER]}…"
