"""Policy test: what a policy is to decide on given claims or an effect, written beside its rules."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .decision import Status
from .evidence import Evidence

__all__ = ["Expected", "PolicyTest", "StatedClaim"]

_SHORT = {
    "quote": {"kind": "quote", "field": "", "start": 0, "end": 0},
    "items": {"kind": "items", "field": "", "indices": []},
    "passage": {"kind": "passage", "source": "", "key": ""},
}
"""What a kind of evidence stands for where only that is written."""


_OF_FIELD = (("claims", "usage"), ("status", "value", "by", "rules", "reviewers", "to"))
_OF_EFFECT = (("args", "agent"), ("approved",))
"""Keys of a test, and of what it expects, that say something of a field, or of an effect, alone."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class StatedClaim(_Part):
    """A claim, as a test states it."""

    agent: str = Field(min_length=1)
    """Who claims."""
    value: Any
    """What is claimed, as plain data."""
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False)
    """How sure the agent is, in [0, 1]."""
    evidence: tuple[Evidence, ...] = ()
    """Where it was seen; the kind alone (`quote`, `items`, `passage`) is enough."""
    reason: str = ""
    """The agent's reason."""
    person: str = ""
    """The person who decided it, where the agent is a team that asked one."""

    @model_validator(mode="before")
    @classmethod
    def _complete_evidence(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("evidence"), list):
            return data
        evidence = [_SHORT.get(each, each) if isinstance(each, str) else each for each in data["evidence"]]
        return {**data, "evidence": evidence}


class Expected(_Part):
    """What the decision is to be; what is left out may be anything."""

    status: Status | None = None
    """Where the field stands."""
    value: Any = None
    """Its value; equal as two claims are equal."""
    by: str | None = None
    """Who decided: `vote`, `rule:<name>`, `person:<name>`."""
    rules: tuple[str, ...] | None = None
    """Names of the rules that applied, all of them, in order."""
    reviewers: int | None = None
    """How many people must agree; 0 where no rule says so."""
    to: tuple[str, ...] | None = None
    """Who is asked; empty where no rule says so."""
    approved: bool | None = None
    """Of an effect: whether the policy approves it, so that nobody is asked."""

    @model_validator(mode="after")
    def _check_not_empty(self) -> Expected:
        if not self.model_fields_set:
            raise ValueError(f"it expects nothing; say one of {', '.join(type(self).model_fields)}")
        return self


class PolicyTest(_Part):
    """What a policy is to decide on given claims, or on an effect; no part of the digest, as it changes no decision."""

    name: str = Field(min_length=1)
    """Name of the test; unique in a policy."""
    field: str = ""
    """The field that is decided; empty in a test of an effect."""
    effect: str = ""
    """The effect that is proposed; empty in a test of a field."""
    args: dict[str, Any] = {}
    """The arguments of the effect."""
    agent: str = ""
    """Who proposes the effect."""
    claims: tuple[StatedClaim, ...] = ()
    """The claims on it."""
    request: dict[str, Any] = {}
    """The fields of the request that rules look at."""
    decided: dict[str, Any] = {}
    """The settled fields that rules look at."""
    usage: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    """What the turn has taken: `tokens`, `seconds`, `runs`; 0 where it is left out."""
    expect: Expected
    """What the decision is to be."""

    @model_validator(mode="after")
    def _check_subject(self) -> PolicyTest:
        if bool(self.field) is bool(self.effect):
            raise ValueError("a test is of a `field` or of an `effect`: name one of them")
        wrong = _OF_FIELD if self.effect else _OF_EFFECT
        strange = [f"`{name}`" for name in wrong[0] if name in self.model_fields_set]
        strange += [f"`expect.{name}`" for name in wrong[1] if name in self.expect.model_fields_set]
        if strange:
            other = "effect" if self.effect else "field"
            raise ValueError(f"{strange[0]} says nothing in a test of {'an' if self.effect else 'a'} {other}")
        return self

    @model_validator(mode="after")
    def _check_usage(self) -> PolicyTest:
        unknown = sorted(self.usage.keys() - {"tokens", "seconds", "runs"})
        if unknown:
            raise ValueError(f"`usage` has no {unknown[0]!r}; it has tokens, seconds and runs")
        return self
