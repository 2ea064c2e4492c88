"""Item: one request out of the inbox, with the thread that it is worked on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..contracts import InputError

__all__ = ["Item", "Unreadable", "thread_id"]


@dataclass(frozen=True, slots=True)
class Item:
    """One request out of the inbox."""

    where: str
    """Where it stands: `inbox/a.json`, `batch.jsonl:3`."""
    thread: str
    """Id of its thread: the same for the same place and content, so that a second run goes on where one stopped."""
    request: Mapping[str, Any]
    """The request, as plain data; it is validated at the graph's entry."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place in the inbox that holds no request."""

    error: InputError
    """Where it is, what came there, what was expected, and what to do."""

    @property
    def where(self) -> str:
        """Where it is: `inbox/a.json:12`, `batch.jsonl:3`."""
        return self.error.where


def thread_id(stem: str, content: bytes, number: int | None = None) -> str:
    """The id of the thread: `<stem>-<digest>`, with the number of the line or list item between them if given.

    Args:
        stem: Name of the file, without its last suffix.
        content: What the digest is made of: the first 8 hexadecimal digits of its SHA-256.
        number: Line or list item, from 1.
    """
    name = re.sub(r"[^\w.-]+", "-", stem.encode("utf-8", "replace").decode()).strip("-") or "input"
    middle = "" if number is None else f"-{number}"
    return f"{name}{middle}-{hashlib.sha256(content).hexdigest()[:8]}"
