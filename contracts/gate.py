"""Gate: what must hold of a request before a turn begins, and of its inputs before an agent runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from .errors import PolicyError
from .expression import Expression

__all__ = ["EntryPolicy", "EntryRequirement", "HandoffRequirement", "Requirement"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Requirement(_Part):
    """A condition that must hold, and what is said where it does not."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]
    """Its name: the reason code of the refusal."""
    that: str
    """The condition, in CEL."""
    message: str = ""
    """What to tell whoever sent it; by default the condition."""

    _variable: ClassVar[str]
    _condition: Expression = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Compile the condition.

        Raises:
            PolicyError: It does not compile.
        """
        where = f"requirement {self.name!r}, that"
        self._condition = Expression(self.that, frozenset({self._variable}), where=where)

    @property
    def expression(self) -> Expression:
        """The condition, compiled."""
        return self._condition

    def complaint(self, values: Mapping[str, Any]) -> str:
        """What to say where the condition does not hold, or cannot be told; empty where it holds."""
        try:
            holds = self._condition.holds({self._variable: values})
        except PolicyError as error:
            return f"{self.message or self.that}: it cannot be told, for it got {error.got}"
        return "" if holds else self.message or f"it must hold that {self.that}"


class EntryRequirement(Requirement):
    """What must hold of the `request`."""

    _variable = "request"


class HandoffRequirement(Requirement):
    """What must hold of the `inputs` of an agent: what it reads, by field."""

    _variable = "inputs"


class EntryPolicy(_Part):
    """What a request must keep to before a turn begins."""

    max_bytes: int = Field(default=32_000_000, ge=1)
    """The most bytes of JSON text that a request may have, in UTF-8."""
    max_depth: int = Field(default=100, ge=1, le=400)
    """The most levels of lists and maps within one another."""
    require: tuple[EntryRequirement, ...] = ()
    """What must hold of the request."""
