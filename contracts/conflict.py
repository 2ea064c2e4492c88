"""Conflict: one way in which the claims on a field do not fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Conflict", "ConflictKind"]

ConflictKind = Literal["value", "evidence", "stale", "format", "quorum", "tie", "veto"]
"""What does not fit.

`value`: there are claims on other values. `evidence`: two values were seen, at different places or differently at the
same place. `stale`: an agent claimed something on inputs that have changed since, and nothing on the new ones.
`format`: two values may be one thing, written or measured differently. `quorum`: too few agents claimed a value.
`tie`: the best values have the same support. `veto`: somebody whose word is enough is against the leading value.
"""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One way in which the claims on a field do not fit together. A field can have several."""

    kind: ConflictKind
    """What does not fit."""
    agents: tuple[str, ...]
    """The agents that it is between, or, where one value leads, those that are against it; sorted."""
    note: str
    """What they claim and where they saw it, in one line."""
