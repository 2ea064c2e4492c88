"""Results: what a suite gave, case by case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from .gate import GateResult

__all__ = ["CaseResult", "SuiteResult"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one case gave."""

    id: str
    """Name of the case."""
    expected: Mapping[str, Any]
    """The right value by field."""
    values: Mapping[str, Any]
    """The predicted value by field; empty where the case failed."""
    scores: Mapping[str, float]
    """How right each judged field is, in [0, 1]; 0 for all where the case failed."""
    settled: tuple[str, ...]
    """Fields whose value stood without a person, sorted."""
    confidence: Mapping[str, float]
    """Probability of the value by field, in [0, 1]."""
    status: str
    """How the run ended, in the target's own words; `failed` where the target raised."""
    error: str
    """What the target raised, or empty."""
    seconds: float
    """Wall time of the case, in seconds."""

    @property
    def right(self) -> bool:
        """Whether every judged field scores 1."""
        return all(score == 1 for score in self.scores.values())


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What a suite gave."""

    suite: str
    """Name of the suite."""
    metrics: Mapping[str, float | None]
    """Value by metric, in [0, 1]; None where there was nothing to measure it on."""
    gates: tuple[GateResult, ...]
    """The gates, in the order of the suite."""
    cases: tuple[CaseResult, ...]
    """The cases, in the order of the suite."""
    seconds: float
    """Wall time of the whole run, in seconds."""

    @property
    def passed(self) -> bool:
        """Whether every gate is met."""
        return all(gate.passed for gate in self.gates)

    def to_json(self) -> str:
        """The result as a JSON object; a value that JSON does not know stands as its `repr`, NaN as null."""
        data = {**_RESULT.dump_python(self, warnings=False), "passed": self.passed}
        return _ANY.dump_json(data, fallback=repr, warnings=False).decode()


_RESULT = TypeAdapter(SuiteResult)
_ANY = TypeAdapter[Any](Any)
