"""Case: one request, with what should come of it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["Case"]


class Case(BaseModel):
    """One request, with what should come of it; a line of `cases.jsonl`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = ""
    """Name of the case, unique in its suite; the number of its line where it is left out."""
    request: dict[str, Any]
    """The request, as plain JSON data."""
    expected: dict[str, Any] = {}
    """The right value by field; None for a field that must stay empty. A field that is left out is not judged."""
