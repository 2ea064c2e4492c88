"""GateSetting: what is known of what a gate's condition looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...contracts import Field
from .surroundings import Surroundings

__all__ = ["GateSetting"]


@dataclass(frozen=True)
class GateSetting(Surroundings):
    """What is known of the one variable of a gate's condition: the request, or what an agent reads."""

    variable: str
    """Its name."""
    fields: Mapping[str, Field] | None
    """The fields that it has; None where they are not known."""

    def choices(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """The variable with its sample values, the usual one first."""
        yield self.variable, self.records(self.fields)
