"""Retry: when another attempt at an agent may go better."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import cast

from langgraph.types import RetryPolicy

from ..contracts import QuorateError
from .outage import is_outage, status_of

__all__ = ["own_wait", "retry_after", "status_of", "worth_retrying"]

_DOUBLINGS = 1_000
"""A double holds no more."""

_langgraph_retries = cast(Callable[[Exception], bool], RetryPolicy().retry_on)


def worth_retrying(error: Exception) -> bool:
    """Whether another attempt may go better: not after an error in the code, a broken contract, or a refusal.

    LangGraph's own rule, and: a failure of the outside world may pass; any other HTTP status of 4xx is final.
    """
    if isinstance(error, QuorateError):
        return False
    try:
        str(error)
    except Exception:  # LangGraph writes what it tries again to the log
        return False
    if is_outage(error):
        return True
    status = status_of(error)
    if status is not None and 400 <= status < 500:
        return False
    return _langgraph_retries(error)


def own_wait(backoff: float, attempt: int) -> float:
    """Seconds that LangGraph itself waits after this attempt, before jitter: it has a longest wait."""
    policy = RetryPolicy()
    return min(policy.max_interval, backoff * policy.backoff_factor ** min(attempt - 1, _DOUBLINGS))


def retry_after(error: BaseException, now: datetime.datetime | None = None) -> float | None:
    """How many seconds the service asks to be left alone, or None where it does not say.

    As the headers of the response say that HTTP clients keep in their errors: `Retry-After` in seconds or as a date,
    and `retry-after-ms`, which OpenAI sends. What cannot be read, or lies in the past, is not heeded.

    Args:
        error: The error.
        now: The time, for a date; by default the machine's.
    """
    try:
        headers = getattr(getattr(error, "response", None), "headers", None)
        if headers is None:
            return None
        milliseconds, given = headers.get("retry-after-ms"), headers.get("retry-after") or headers.get("Retry-After")
        return _positive(lambda: float(milliseconds) / 1000) or _positive(lambda: _seconds(str(given), now))
    except Exception:  # whatever a service and its client may put there
        return None


def _positive(read: Callable[[], float]) -> float | None:
    """The seconds that are read, or None where there are none to be read."""
    try:
        seconds = read()
    except Exception:  # no text, no number, no date
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _seconds(given: str, now: datetime.datetime | None) -> float:
    try:
        return float(given)
    except ValueError:
        then = parsedate_to_datetime(given)
        if then.tzinfo is None:  # as "-0000" is read, which means UTC
            then = then.replace(tzinfo=datetime.UTC)
        return (then - (now or datetime.datetime.now(datetime.UTC))).total_seconds()
