"""Excerpt: how a value is shown in an error."""

from __future__ import annotations

from typing import Any

__all__ = ["excerpt"]


def excerpt(value: Any) -> str:
    """The `repr` of a value, cut to at most 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
