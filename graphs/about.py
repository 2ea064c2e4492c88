"""About: what a turn is about, so that what people decided outlasts it while that is the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from langchain_core.messages import BaseMessage

from ..contracts import digest

__all__ = ["REPLY", "SAID", "about"]

REPLY = "reply"
"""How the ids of the messages begin that the supervisor adds as its answer: `reply-<turn>-<move>`."""

SAID = "review"
"""How the ids of the messages begin by which people respond to a question: `review-<turn>-<move>`."""


def about(request: Mapping[str, Any], messages: Iterable[BaseMessage]) -> str:
    """A digest of what a turn is about: the request, large fields by reference, and what was said from outside.

    The supervisor's replies and the reviewers' responses are left out: they are part of the work on it.
    """
    said = [
        [each.type, str(each.content)] for each in messages if not (each.id or "").startswith((f"{REPLY}-", f"{SAID}-"))
    ]
    return digest([dict(request), said])
