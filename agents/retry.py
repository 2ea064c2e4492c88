"""Retry: when another attempt at an agent may go better."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from langgraph.types import RetryPolicy

from ..contracts import QuorateError

__all__ = ["status_of", "worth_retrying"]

_langgraph_retries = cast(Callable[[Exception], bool], RetryPolicy().retry_on)


def worth_retrying(error: Exception) -> bool:
    """Whether another attempt may go better: not after an error in the code, a broken contract, or a refusal.

    LangGraph's own rule, and: a timeout may pass; an HTTP status of 4xx is final, but for 408, 409 and 429.
    """
    if isinstance(error, QuorateError):
        return False
    if isinstance(error, TimeoutError):
        return True
    try:
        str(error)
    except Exception:  # LangGraph writes what it tries again to the log
        return False
    status = status_of(error)
    if status is not None and 400 <= status < 500:
        return status in (408, 409, 429)
    return _langgraph_retries(error)


def status_of(error: BaseException) -> int | None:
    """The HTTP status that a client's error carries, or None."""
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None
