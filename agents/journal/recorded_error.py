"""Recorded error: what a call raised, as plain data, and an error again that is dealt with as that one was."""

from __future__ import annotations

import builtins
import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from ..retry import status_of
from .plain import plain

__all__ = ["RecordedError", "error_of", "told_error"]

_LONGEST = 2_000


class RecordedError(Exception):
    """An error that was recorded, raised again in a playback: under the name of its class, in its words.

    It has its `status_code`, the body of its `response` where that was JSON, and is what the first class of Python's
    own is that the other one was, such as a TimeoutError. So it is tried again, repaired and recorded as a fault as
    that one was.
    """

    status_code: int | None = None


def told_error(error: Exception) -> dict[str, Any]:
    """The error as plain data."""
    told: dict[str, Any] = {"class": type(error).__name__, "words": _words(error), "status": status_of(error)}
    told["base"] = next(each.__name__ for each in type(error).__mro__ if getattr(builtins, each.__name__, None) is each)
    if (body := _body(error)) is not None:
        told["body"] = body
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False)
        told["validation"] = {"title": error.title, "errors": [plain(each) for each in found]}
    elif isinstance(error, json.JSONDecodeError):
        told["json"] = {"msg": error.msg, "doc": error.doc, "pos": error.pos}
    return told


def error_of(told: dict[str, Any]) -> Exception:
    """An error to raise as the one that the plain data is of."""
    error = _made(told)
    if "body" in told:
        error.response = _Response(told["body"], told["status"])  # type: ignore[attr-defined]
    return error


def _made(told: dict[str, Any]) -> Exception:
    if validation := told.get("validation"):
        return ValidationError.from_exception_data(validation["title"], [_line(each) for each in validation["errors"]])
    if decoding := told.get("json"):
        return json.JSONDecodeError(**decoding)
    base = getattr(builtins, told["base"], Exception)
    bases = (RecordedError,) if base in (Exception, BaseException) else (RecordedError, base)
    error: Exception = type(told["class"], bases, {"__module__": __name__})(told["words"])
    if told["status"] is not None:
        error.status_code = told["status"]  # type: ignore[attr-defined]
    return error


@dataclass(frozen=True, slots=True)
class _Response:
    """What of a client's response those look at who deal with its error."""

    body: Any
    status_code: int | None

    def json(self) -> Any:
        return self.body


def _body(error: Exception) -> Any:
    """The body of the response that a client's error keeps, where it is JSON."""
    try:
        return plain(getattr(error, "response").json())  # noqa: B009 (it is no attribute of errors as such)
    except Exception:  # whatever a server may have put there
        return None


def _line(each: dict[str, Any]) -> InitErrorDetails:
    kind = PydanticCustomError(each["type"], "{message}", {"message": each["msg"]})
    return InitErrorDetails(type=kind, loc=tuple(each["loc"]), input=each.get("input"))


def _words(error: Exception) -> str:
    try:
        return str(error)[:_LONGEST]
    except Exception:  # an error that cannot say what it is
        return "(without words)"
