"""Every error that quorate raises, under one base class."""

from __future__ import annotations

from pydantic import ValidationError

__all__ = [
    "AgentError",
    "BlobError",
    "BudgetError",
    "BuildError",
    "ContractError",
    "DatabaseError",
    "GateError",
    "GuardrailError",
    "InputError",
    "JournalError",
    "LedgerError",
    "PolicyError",
    "ProfileError",
    "QuorateError",
    "RateError",
    "ReviewError",
    "StaleThreadError",
    "SuiteError",
    "UnavailableError",
    "first_problem",
    "missing_extra",
]


class QuorateError(Exception):
    """The base of every error of quorate. Its message says where, what came, what was expected and what to do.

    Args:
        where: The place: a file and key, an agent and field, a thread.
        got: What came there.
        expected: What would have been right.
        fix: What to do now, in the imperative.
        code: A short reason code, such as `breaker_open`, for rules and counts; empty where the class says it all.
    """

    def __init__(self, where: str, *, got: str, expected: str, fix: str, code: str = "") -> None:
        super().__init__(f"{where}: got {got}; expected {expected}. Fix: {fix}")
        self.code = code
        self.where = where
        self.got = got
        self.expected = expected
        self.fix = fix

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.where, self.got, self.expected, self.fix, self.code)


def _rebuild(cls: type[QuorateError], where: str, got: str, expected: str, fix: str, code: str = "") -> QuorateError:
    return cls(where, got=got, expected=expected, fix=fix, code=code)


class BuildError(QuorateError):
    """The agents of a team do not fit together; found before anything runs."""


class ContractError(QuorateError):
    """What went into an agent, or came out of it, is not what its contract says."""

    answer: str = ""
    """What the agent answered, as text, where that is known: it is shown to an agent that is to repair it."""


class AgentError(QuorateError):
    """An agent cannot be run in the way that was asked for."""


class BudgetError(QuorateError):
    """What a call would take is more than what is left of a budget."""


class GateError(QuorateError):
    """A request, or the inputs of an agent, do not keep to what the policy requires."""


class GuardrailError(QuorateError):
    """Something must not pass: a guardrail of the policy fired."""


class RateError(QuorateError):
    """A rate limit is reached, the service's or the agent's own, for longer than the agent may wait."""


class UnavailableError(QuorateError):
    """An agent is not called: its circuit breaker is open, or too many runs wait for their turn."""


class PolicyError(QuorateError):
    """A policy, or the file it stands in, is not valid."""


class ProfileError(QuorateError):
    """A profile of faults is not valid."""


class InputError(QuorateError):
    """An input cannot be read as a request."""


class ReviewError(QuorateError):
    """An answer does not fit the question that is waiting."""


class DatabaseError(QuorateError):
    """The database cannot be opened, is of another version, or cannot be written."""


class StaleThreadError(QuorateError):
    """A thread went on elsewhere: what a run wants to write belongs to a checkpoint that is no longer the newest."""


class BlobError(QuorateError):
    """A blob is not there, or is not what was stored."""


class JournalError(QuorateError):
    """A playback cannot go on: a request is not among the recorded ones, or something cannot be recorded."""


class LedgerError(QuorateError):
    """An effect cannot be claimed, executed or recorded."""


class SuiteError(QuorateError):
    """An evaluation suite is not valid."""


def first_problem(error: Exception) -> str:
    """What is wrong, in a few words: of pydantic's errors the first, of any other all that it says."""
    return str(error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else error)


def missing_extra(module: str, extra: str, what: str) -> QuorateError:
    """The error to raise when an optional dependency is not installed."""
    return QuorateError(
        what,
        got=f"no module named {module!r}",
        expected=f"the extra {extra!r}",
        fix=f"pip install 'quorate[{extra}]'",
    )
