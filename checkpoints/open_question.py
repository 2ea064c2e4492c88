"""Open question: what a thread asks a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["OpenQuestion"]


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that waits for a person."""

    id: str
    """Id of the interrupt; the answer names it."""
    value: Any
    """What is asked: `quorate.contracts.Question`, or the payload of an agent's own graph."""

    @property
    def short(self) -> str:
        """The beginning of its id, as people read it and name it."""
        return self.id[:8]

    @property
    def is_ours(self) -> bool:
        """Whether it is quorate's question, and not that of a graph that works as an agent."""
        return isinstance(self.value, dict) and isinstance(self.value.get("quorate"), dict)

    @property
    def reason(self) -> str:
        """Why a person must look, in one line."""
        return str(self.value["quorate"]["reason"]) if self.is_ours else str(self.value)

    @property
    def proposed(self) -> Mapping[str, Any]:
        """Proposed values by field, or the arguments of the effect."""
        return dict(self.value["action_requests"][0]["args"]) if self.is_ours else {}

    @property
    def name(self) -> str:
        """Name of the action: `decide` for fields, else that of the effect."""
        return str(self.value["action_requests"][0]["name"]) if self.is_ours else ""

    @property
    def effect(self) -> str:
        """Name of the effect to approve; empty where fields are asked about."""
        return self.name if self.is_ours and "effect" in self.value["quorate"] else ""

    @property
    def allowed(self) -> tuple[str, ...]:
        """The verdicts that are allowed."""
        return tuple(self.value["review_configs"][0]["allowed_decisions"]) if self.is_ours else ()

    @property
    def reviewers(self) -> int:
        """How many different people must agree."""
        return int(self._about.get("reviewers", 1))

    @property
    def to(self) -> tuple[str, ...]:
        """Who is asked: people, or roles of the policy; empty for anybody."""
        return tuple(map(str, self._about.get("to", ())))

    @property
    def deadline(self) -> str:
        """When it goes up the ladder, or takes the policy's default, in ISO 8601 UTC; empty for never."""
        return str(self._about.get("deadline", ""))

    @property
    def opinions(self) -> tuple[Mapping[str, Any], ...]:
        """What people have said so far: `reviewer`, `kind`, `values`, `message`, `at`."""
        return tuple(self._about.get("opinions", ()))

    @property
    def _about(self) -> Mapping[str, Any]:
        return self.value["quorate"] if self.is_ours else {}

    @property
    def line(self) -> dict[str, Any]:
        """The question as plain data, for `--json`."""
        return {
            "id": self.id,
            "reason": self.reason,
            "effect": self.effect,
            "proposed": dict(self.proposed),
            "allowed": list(self.allowed),
            "reviewers": self.reviewers,
            "to": list(self.to),
            "deadline": self.deadline,
            "opinions": [dict(each) for each in self.opinions],
        }
