"""Entry: what a request must keep to before a turn begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage
from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json

from ..agents.guardrails.texts import texts_in
from ..agents.layers.guardrails import Rail, doubt
from ..agents.run import Run
from ..contracts import EntryPolicy, Fault, GateError

__all__ = ["INTAKE", "Entry", "wants_person"]

INTAKE = "intake"
"""The node that opens a turn; faults of the request carry its name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The gate through which requests come in."""

    policy: EntryPolicy
    """What a request must keep to."""
    rails: Sequence[Rail]
    """The guardrails of the policy."""

    def check_size(self, raw: Any) -> None:
        """Check a request as it came, before anything else looks at it.

        Raises:
            GateError: It is larger or deeper than it may be.
        """
        if _depth(raw, self.policy.max_depth) > self.policy.max_depth:
            raise _refused(
                f"lists and maps in more than {self.policy.max_depth} levels",
                f"at most {self.policy.max_depth}",
                "send it flatter, or raise entry.max_depth of the policy",
                "too_deep",
            )
        self._check_bytes(_size(raw))

    def check(self, request: Mapping[str, Any], messages: Iterable[BaseMessage], fields: Iterable[str]) -> list[Fault]:
        """Check a validated request, and what was said; the faults that send the fields to a person.

        Args:
            request: The request, as plain data.
            messages: What was said since the team spoke last.
            fields: The fields that the turn must settle.

        Raises:
            GateError: A requirement does not hold, or what was said is larger than a request may be.
            GuardrailError: Something in it must not pass.
        """
        for requirement in self.policy.require:
            complaint = requirement.complaint(request)
            if complaint:
                raise _refused("a request that is not accepted", complaint, "correct the request", requirement.name)
        said = [*map(_told, messages)]
        self._check_bytes(_size(said))
        faults: list[Fault] = []
        for rail in self.rails:
            if "request" not in rail.guardrail.on:
                continue
            hit = rail.first([*request.values(), said])  # the names of its fields are the team's own words
            if hit is None:
                continue
            error = rail.error("request", hit)
            if rail.guardrail.then == "fault":
                raise error
            faults.append(doubt(error, Run(INTAKE), fields))
        return faults

    def _check_bytes(self, size: int) -> None:
        if size > self.policy.max_bytes:
            raise _refused(
                f"{size:,} bytes",
                f"at most {self.policy.max_bytes:,}",
                "send less, or raise entry.max_bytes of the policy",
                "too_large",
            )


def wants_person(fault: Fault, agent: str, basis: Mapping[str, int] | None) -> bool:
    """Whether a guardrail's fault still stands: it is of the request, or of what the agent said on this basis."""
    if fault.kind != "guardrail" or not fault.fields:
        return False
    return fault.agent == INTAKE or (fault.agent == agent and fault.basis == basis)


def _refused(got: str, expected: str, fix: str, code: str) -> GateError:
    return GateError("request", got=got, expected=expected, fix=fix, code=code)


def _depth(value: Any, most: int) -> int:
    """How many levels of lists and maps there are, counted to one more than the most; without recursion."""
    level, depth = [value], 0
    while depth <= most:
        level = [part for each in level for part in _parts(each)]
        if not level:
            return depth
        depth += 1
    return depth


def _parts(value: Any) -> Iterable[Any]:
    match value:
        case BaseModel():
            return [part for part in vars(value).values() if isinstance(part, dict | list | tuple | BaseModel)]
        case dict():
            parts: Iterable[Any] = value.values()
        case list() | tuple():
            parts = value
        case _:
            return ()
    return [part if isinstance(part, dict | list | tuple | BaseModel) else None for part in parts] or [None]


def _size(raw: Any) -> int:
    """The bytes of its JSON text; those of its texts alone where it has none, which is refused later."""
    try:
        return len(to_json(raw, serialize_unknown=True, inf_nan_mode="strings", bytes_mode="base64"))
    except (PydanticSerializationError, ValueError):
        return sum(map(len, texts_in(raw)))


def _told(message: BaseMessage) -> Sequence[Any]:
    """All that a message tells: its parts, and what they say together, as a model reads them."""
    content = message.content
    parts = [each if isinstance(each, str) else each.get("text") for each in content if isinstance(each, str | dict)]
    whole = "".join(part for part in parts if isinstance(part, str)) if isinstance(content, list) else ""
    return [content, whole, message.name, message.additional_kwargs, getattr(message, "tool_calls", ())]
