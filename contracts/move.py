"""Move: what the supervisor does next, and why; a closed union."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Discriminator

from .spend import Unit

__all__ = ["Ask", "Dispatch", "Execute", "Finish", "Halt", "Move", "Outcome"]

Outcome = Literal["settled", "unsettled", "rejected", "halted"]
"""How a turn ended.

`settled`: every goal has a value, may stay empty, or was closed by a person. `unsettled`: a goal has no
accepted value, and nobody may be asked. `rejected`: the request was refused at the entry. `halted`: a
bound was reached.
"""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Run these agents side by side."""

    agents: Mapping[str, Mapping[str, int]]
    """The agents, each with the versions of the decisions that it will read."""
    reason: str
    """Why these, in one line."""
    at: str = ""
    """When, in ISO 8601 UTC."""
    kind: Literal["dispatch"] = "dispatch"
    reserved: Mapping[str, Mapping[Unit, float]] = field(default_factory=dict)
    """What is set aside for one attempt of each agent, in the units that are bounded; empty where none is."""
    left: Mapping[str, Mapping[Unit, float]] = field(default_factory=dict)
    """What is left of each budget, by scope and unit, before that: of `turn`, `thread`, `agent:<name>`."""
    contents: Mapping[str, str] = field(default_factory=dict)
    """Digest of what each agent will read, apart from the request: it tells when an agent gets the same again."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Stop for a person: to decide fields, or to approve one effect."""

    fields: tuple[str, ...]
    """Fields to decide; empty when it is about an effect."""
    effect: str
    """Slot of the effect to approve; empty when it is about fields."""
    reason: str
    """Why a person must look, in one line."""
    at: str = ""
    """When, in ISO 8601 UTC."""
    kind: Literal["ask"] = "ask"
    reviewers: int = 1
    """How many different people must agree."""
    to: tuple[str, ...] = ()
    """Who is asked: people, or roles of the policy; empty for anybody."""
    only: bool = False
    """Whether nobody but those in `to` may answer."""
    rung: int = 0
    """How far up the policy's ladder it went, from 0."""
    deadline: str = ""
    """When it goes further up, or takes its default, in ISO 8601 UTC; empty for never."""


@dataclass(frozen=True, slots=True)
class Execute:
    """Execute approved effects through the ledger."""

    effects: tuple[str, ...]
    """Slots of the effects."""
    reason: str
    """Why now, in one line."""
    at: str = ""
    """When, in ISO 8601 UTC."""
    kind: Literal["execute"] = "execute"


@dataclass(frozen=True, slots=True)
class Finish:
    """End the turn: there is nothing left to do."""

    outcome: Literal["settled", "unsettled"]
    """How it ended."""
    reason: str
    """Why, in one line."""
    at: str = ""
    """When, in ISO 8601 UTC."""
    kind: Literal["finish"] = "finish"


@dataclass(frozen=True, slots=True)
class Halt:
    """Stop the turn: a bound was reached, or the request was refused."""

    outcome: Literal["halted", "rejected"]
    """Whether a bound was reached, or the request refused."""
    reason: str
    """Which bound or which refusal, in one line."""
    at: str = ""
    """When, in ISO 8601 UTC."""
    kind: Literal["halt"] = "halt"


Move = Annotated[Dispatch | Ask | Execute | Finish | Halt, Discriminator("kind")]
"""What the supervisor does next: a closed union, told apart by `kind`."""
