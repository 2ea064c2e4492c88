"""Failure: the record of an agent's last attempt that failed."""

from __future__ import annotations

import datetime
import traceback
from collections.abc import Mapping
from pathlib import PurePath

from langgraph.errors import NodeTimeoutError
from pydantic import ValidationError

from ..contracts import (
    BudgetError,
    ContractError,
    Fault,
    FaultKind,
    GateError,
    GuardrailError,
    QuorateError,
    RateError,
    UnavailableError,
)
from .agent import Agent
from .journal.secret_patterns import without_secrets
from .layers.queue import patience_of
from .retry import retry_after, status_of, worth_retrying

__all__ = ["fault_of"]

_LONGEST_TEXT = 10_000
"""Characters of an error that are looked at."""
_LONGEST = 10**9
"""Seconds that a date is told for at most."""

_refusals: Mapping[int, str] = {
    400: "look at what the service says about the request: the model's name, the size, the format",
    401: "check the key that the service is called with, such as OPENAI_API_KEY",
    403: "check what the key of the service is allowed to do",
    404: "check the URL of the service, such as OPENAI_BASE_URL, and the name of the model",
}


_kinds: Mapping[type[QuorateError], FaultKind] = {
    BudgetError: "budget",
    ContractError: "contract",
    GateError: "contract",
    GuardrailError: "guardrail",
    RateError: "rate",
    UnavailableError: "unavailable",
}
"""What an error of quorate's own is recorded as; any other is an `error`."""


def fault_of(agent: Agent, error: BaseException, attempt: int, basis: Mapping[str, int]) -> Fault:
    """The record of an agent's last failure, with the first thing to try."""
    if isinstance(error, QuorateError):
        kind = _kind_of(error)
        message, fix, code = f"{error.where}: got {error.got}; expected {error.expected}", error.fix, error.code
    else:
        message = (f"{type(error).__name__}: {_words(error)}".splitlines() or [""])[0]
        kind, fix, code = _judged(agent, error)
    # A client's error may repeat a key, or a password in a URL.
    message = without_secrets(message[:_LONGEST_TEXT])[:500]
    message = message.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair cannot be stored
    fix = fix.encode("utf-8", "backslashreplace").decode()
    return Fault(agent=agent.name, kind=kind, attempt=attempt, message=message, fix=fix, basis=basis, code=code)


def _kind_of(error: QuorateError) -> FaultKind:
    for each, kind in _kinds.items():
        if isinstance(error, each):
            return kind
    return "error"


def _judged(agent: Agent, error: BaseException) -> tuple[FaultKind, str, str]:
    """Kind, first thing to try and reason code of an error that is not quorate's own."""
    limits, status, asked = agent.contract.limits, status_of(error), retry_after(error)
    if isinstance(error, NodeTimeoutError):
        bound = "idle_timeout" if error.kind == "idle" else "timeout"
        return "timeout", f"raise limits.{bound}, or make the agent do less", bound
    if isinstance(error, TimeoutError):
        return "timeout", "check the service that it calls, or give it more time", ""
    if asked is not None and (status == 429 or asked > patience_of(limits)):
        then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=min(asked, _LONGEST))
        when = f"come back in {asked:.4g} s, at {then:%Y-%m-%d %H:%M:%S} UTC"
        return "rate", f"{when}; limits.wait is {limits.wait:.4g} s", "retry_after"
    if status == 429:
        return (
            "rate",
            f"ask the service less often: set limits.per_minute, or raise limits.attempts ({limits.attempts})",
            "429",
        )
    if refusal := _refusals.get(status or 0):
        return "error", refusal, ""
    if isinstance(error, Exception) and worth_retrying(error):
        return "error", f"check the service that it calls, or raise limits.attempts (now {limits.attempts})", ""
    return "error", f"look at {_place(error)}; let the agent return nothing where it cannot tell", ""


def _words(error: BaseException) -> str:
    """The error's own words; of pydantic's the first of its errors, not how many they are."""
    if not isinstance(error, ValidationError):
        try:
            return str(error)
        except Exception:  # an error that cannot say what it is
            return "(without words)"
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or error.title}: {first['msg']}"


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "the agent's code"
    last = next((each for each in reversed(frames) if "site-packages" not in each.filename), frames[-1])
    return f"{PurePath(last.filename).name}:{last.lineno} in {last.name}"
