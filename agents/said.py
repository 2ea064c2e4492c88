"""Said: what an agent said that it used before it failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..contracts import Usage
from .run import current_run

__all__ = ["remember_said", "sum_said"]


def remember_said(things: Iterable[Any]) -> None:
    """Let the current attempt count what is said in things that an agent gave, and that come to nothing."""
    run = current_run()
    if run is not None:
        run.said.extend(thing for thing in things if isinstance(thing, Usage))


def sum_said(one: Usage, other: Usage) -> Usage:
    """Both together, as the agent says them."""
    return replace(
        one,
        model=other.model or one.model,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
        usd=_usd(one, other),
    )


def _usd(one: Usage, other: Usage) -> float | None:
    """The dollars of both; None where one says tokens without them."""
    if one.unpriced or other.unpriced or one.usd is other.usd is None:
        return None
    return (one.usd or 0.0) + (other.usd or 0.0)
