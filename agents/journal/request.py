"""Request: what an agent asks a model or a tool, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...contracts import JournalKind

__all__ = ["Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """What an agent asks a model or a tool."""

    kind: JournalKind
    """What is asked."""
    name: str
    """Name of the model, of the tool, or of the function."""
    data: Any
    """All that the answer may depend on, as plain JSON data that nobody else holds."""
    provider: str = ""
    """Who serves the model."""
    prompt: str = ""
    """Version of the prompt, where the agent has one."""

    @property
    def shown(self) -> str:
        """How errors call it."""
        return f"{self.kind} {self.name!r}"
