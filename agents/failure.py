"""Failure: the record of an agent's last attempt that failed."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import PurePath

from langgraph.errors import NodeTimeoutError
from pydantic import ValidationError

from ..contracts import ContractError, Fault, FaultKind, GateError, GuardrailError, QuorateError
from .agent import Agent
from .retry import status_of, worth_retrying

__all__ = ["fault_of"]

_refusals: Mapping[int, str] = {
    400: "look at what the service says about the request: the model's name, the size, the format",
    401: "check the key that the service is called with, such as OPENAI_API_KEY",
    403: "check what the key of the service is allowed to do",
    404: "check the URL of the service, such as OPENAI_BASE_URL, and the name of the model",
}


_kinds: Mapping[type[QuorateError], FaultKind] = {
    ContractError: "contract",
    GateError: "contract",
    GuardrailError: "guardrail",
}
"""What an error of quorate's own is recorded as; any other is an `error`."""


def fault_of(agent: Agent, error: BaseException, attempt: int, basis: Mapping[str, int]) -> Fault:
    """The record of an agent's last failure, with the first thing to try."""
    kind: FaultKind = "error"
    message = f"{type(error).__name__}: {_words(error)}".splitlines()[0][:500]
    fix = _refusals.get(status_of(error) or 0) or (
        f"look at {_place(error)}; let the agent return nothing where it cannot tell"
    )
    if isinstance(error, QuorateError):
        kind = next((kind for kinds, kind in _kinds.items() if isinstance(error, kinds)), "error")
        message, fix = f"{error.where}: got {error.got}; expected {error.expected}"[:500], error.fix
    elif isinstance(error, NodeTimeoutError):
        kind, fix = "timeout", "raise limits.timeout, or make the agent do less"
    elif isinstance(error, TimeoutError):
        kind, fix = "timeout", "check the service that it calls, or give it more time"
    elif worth_retrying(error) if isinstance(error, Exception) else False:
        fix = f"check the service that it calls, or raise limits.attempts (now {agent.contract.limits.attempts})"
    message = message.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair cannot be stored
    code = error.code if isinstance(error, QuorateError) else ""
    return Fault(agent=agent.name, kind=kind, attempt=attempt, message=message, fix=fix, basis=basis, code=code)


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
