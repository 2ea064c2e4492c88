"""Text that a checkpoint can hold."""

from __future__ import annotations

from typing import Any

__all__ = ["is_text"]


def is_text(value: Any) -> bool:
    """Whether it is text without half a surrogate pair."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False
