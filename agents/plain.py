"""Plain data: what a checkpoint can hold."""

from __future__ import annotations

from typing import Any

from ..contracts import canonical_json

__all__ = ["check_storable", "is_text", "short"]


def check_storable(plain: Any) -> None:
    """Refuse what a checkpoint cannot hold: NaN and infinities, half a surrogate pair.

    Raises:
        ValueError: It holds one of these, at any depth.
    """
    (plain if isinstance(plain, str) else canonical_json(plain)).encode()


def is_text(value: Any) -> bool:
    """Whether it is text that a checkpoint can hold."""
    if not isinstance(value, str):
        return False
    try:
        check_storable(value)
    except UnicodeEncodeError:
        return False
    return True


def short(value: Any) -> str:
    """How a value is shown in an error: its `repr`, of at most 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
