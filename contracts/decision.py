"""Decision: what the supervisor holds to be the value of a field, with the votes that led to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .conflict import Conflict
from .flip import Flip

__all__ = ["Alternative", "Decision", "Status"]

Status = Literal["settled", "contested", "abstained"]
"""Where a field stands.

`settled`: it has a value that may be built on. `contested`: claims were made, and none may be accepted without
a person. `abstained`: there is no value: nobody claimed one, or a person left it open.
"""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One candidate value in a tally."""

    value: Any
    """The value as plain JSON data, in the form of its most confident claim."""
    key: str
    """The canonical text that all claims of this alternative share."""
    score: float
    """What the voting rule orders by: for most of them the sum of the weighted log-odds of its claims."""
    confidence: float
    """Its share of the probability, in [0, 1]; the shares and that of 'none of these' add up to 1."""
    agents: tuple[str, ...]
    """The agents that claim it, sorted."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The standing value of a field. The tally and the dissent are kept with it."""

    field: str
    """Name of the field."""
    status: Status
    """Where the field stands."""
    version: int
    """1 for the first decision of a turn, one more each time that the value or the status changes."""
    value: Any = None
    """The value as plain JSON data; of a contested field the leading candidate; None if there is none."""
    confidence: float = 0.0
    """Probability of the value, in [0, 1]: 1 where a person decided."""
    by: str = "vote"
    """Who decided: `vote`, `rule:<name>`, `person:<reviewer>`; `policy:deadline` or `policy:disagreement` where people
    did not agree, and it stays open."""
    reason: str = ""
    """Why it stands so, in one line."""
    tally: tuple[Alternative, ...] = ()
    """All candidates, best first."""
    dissent: tuple[str, ...] = ()
    """Agents that claimed another value, sorted."""
    conflicts: tuple[Conflict, ...] = ()
    """Where it is contested, or was until a person decided: in which ways the claims do not fit together."""
    flip: Flip | None = None
    """Where it is contested: the smallest change of claims that would have settled it; None where none is known."""
    rules: tuple[str, ...] = ()
    """Names of the rules that applied, in order."""
    policy: str = ""
    """Digest of the policy under which it was decided."""
    vote: str = "confidence"
    """The voting rule that ranked the candidates."""
    calibration: str = ""
    """Digest of the calibration that had a part in it; empty for none."""
    review: bool = False
    """Whether a rule or the policy, and not the vote, wants a person to look."""
    reviewers: int = 0
    """How many different people must agree, where a rule says so; 0 for as many as the policy says."""
    to: tuple[str, ...] = ()
    """Who is asked, where a rule says so: people, or roles of the policy; empty for those that the policy names."""
    locked: bool = False
    """Whether a person decided, or the policy after a deadline. No automation reopens a locked field."""
    reviewer: str = ""
    """The person, where one decided."""
    reason_code: str = ""
    """The person's reason, from the policy's list."""
    decided_at: str = ""
    """When the person decided, in ISO 8601 UTC."""
