"""EffectSetting: what is known of the variables of an effect's condition before it is proposed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .sample import UNKNOWN
from .surroundings import Surroundings
from .team_schema import TeamSchema

__all__ = ["EffectSetting"]


@dataclass(frozen=True)
class EffectSetting(Surroundings):
    """What is known of the variables of an effect's condition; nothing of its arguments, which no type describes."""

    name: str
    """The name of the effect."""
    team: TeamSchema | None
    """The team that it is for."""

    def choices(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Each variable with its sample values, the usual one first."""
        yield "name", (self.name,)
        yield "args", (UNKNOWN,)
        yield "agent", tuple(sorted(self.team.agents)[:1]) if self.team and self.team.agents else ("agent",)
        yield "request", self.records(self.team.request if self.team else None)
        yield "decided", self.records(self.team.outcome if self.team else None)
