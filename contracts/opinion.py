"""Opinion: what one person said to one question, as it is recorded."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Opinion", "OpinionKind"]

OpinionKind = Literal["approve", "edit", "reject", "respond", "happened", "not_happened", "assign", "lapse", "correct"]
"""What was said.

The first six are a reviewer's verdicts. `assign`: the question was handed to others. `lapse`: its deadline had passed
when somebody looked. `correct`: a person corrected fields unasked.
"""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one person said to one question. A matter is a field by its name, or an effect by its slot."""

    turn: int
    """Number of the turn in which it was said."""
    move: int
    """Number of the move that asked, from 1; of a correction the newest move."""
    kind: OpinionKind
    """What was said."""
    reviewer: str = ""
    """Who said it, as given."""
    reason_code: str = ""
    """Why, from the policy's list."""
    message: str = ""
    """In the person's words."""
    effect: str = ""
    """Slot of the effect; empty where it is about fields."""
    field: str = ""
    """Of an effect: the field that its answer is claimed for."""
    asked: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What was asked about, by matter: the version of a field's decision, or the digest of an effect."""
    proposed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """The proposed value of each field, as plain JSON data, or the arguments of the effect."""
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What the person wants, in the form of `proposed`; None to leave it open, or not to do it."""
    keys: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    """The canonical text of each of the values: two people agree where it is the same."""
    agrees: Mapping[str, bool] = dataclasses.field(default_factory=dict)
    """Whether each value is the proposed one."""
    to: tuple[str, ...] = ()
    """Of `assign`: whose the question is from then on."""
    asked_at: str = ""
    """When it was asked, in ISO 8601 UTC."""
    at: str = ""
    """When it was said, in ISO 8601 UTC."""
    claims: int = 0
    """How many claims the turn had at that time: the first so many."""
    like: str = ""
    """What is the same in all questions that were answered with it; empty where it is the answer to one question."""
    about: str = ""
    """Digest of the request and the conversation at that time."""
