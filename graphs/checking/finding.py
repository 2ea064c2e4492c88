"""Finding: one thing in a policy that cannot be meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "FindingKind", "Level"]

Level = Literal["error", "warning"]
"""`error`: it does not do what it says. `warning`: it may be meant, and should be looked at."""

FindingKind = Literal["unknown", "type", "never", "always", "unreachable", "conflict", "no-value", "unused", "untested"]
"""What kind of thing it is.

`unknown`: a field, an agent or an effect that the team does not have. `type`: a comparison of values of different
types, or a condition that no value of the field's type can be asked. `never`, `always`: what the condition is,
whatever comes. `unreachable`: a rule that is never asked, or changes nothing, because of another one. `conflict`: two
parts that want different things. `no-value`: a condition that fails where nobody claimed a value. `unused`: a key
that its rule does not look at. `untested`: a rule that applies in no test.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in a policy that cannot be meant."""

    level: Level
    """How bad it is."""
    kind: FindingKind
    """What kind of thing it is."""
    where: str
    """The place in the policy: `rule 'large', when`."""
    got: str
    """What is there."""
    expected: str
    """What would have been right."""
    fix: str
    """What to do, in the imperative."""
