"""Rejected: what a model did answer whose client could not read it, in OpenAI's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..contracts import Usage

__all__ = ["Rejected", "rejected"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """An answer that came, was paid for, and is of no use."""

    text: str
    """What the model said, or the arguments of the tool that it called."""
    usage: Usage
    """What it took."""


def rejected(error: BaseException) -> Rejected | None:
    """The answer that a client's error keeps as its response; None where there is none."""
    try:
        body = getattr(error, "response").json()  # noqa: B009 (it is no attribute of errors as such)
        used = body["usage"]
        details = used.get("prompt_tokens_details") or {}
        usage = Usage(
            model=str(body.get("model") or ""),
            input_tokens=int(used["prompt_tokens"]),
            output_tokens=int(used["completion_tokens"]),
            cached_tokens=int(details.get("cached_tokens") or 0),
        )
        return Rejected(_text(body["choices"][0]["message"]), usage)
    except Exception:  # whatever a server may have put there
        return None


def _text(message: Mapping[str, Any]) -> str:
    calls = message.get("tool_calls") or ()
    return str(message.get("content") or "\n".join(str(call["function"]["arguments"]) for call in calls))
