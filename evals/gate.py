"""Gates: the bounds that a suite's metrics must keep."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Self, cast

from ..contracts import SuiteError

__all__ = ["Comparison", "Gate", "GateResult"]

Comparison = Literal[">=", ">", "<=", "<", "=="]
"""How a metric is compared with its bound."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "==": operator.eq}
)
_FORM = re.compile(r"\s*(>=|<=|==|>|<)\s*(\d+\.?\d*|\.\d+)\s*")


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound that one metric must keep."""

    metric: str
    """Name of the metric: `all_fields`, `total.accuracy`."""
    comparison: Comparison
    """How the metric is compared with the bound."""
    bound: float
    """The bound, in [0, 1]."""

    @classmethod
    def parse(cls, metric: str, text: str, where: str = "gates") -> Self:
        """The gate that `text` describes: `>= 0.8`; `where` names its origin in errors.

        Raises:
            SuiteError: It is not a comparison with a number in [0, 1].
        """
        match = _FORM.fullmatch(text)
        if match is None or not 0 <= float(match[2]) <= 1:
            raise SuiteError(
                f"{where}: {metric}",
                got=repr(text),
                expected="a comparison (>=, >, <=, <, ==) with a number in [0, 1]",
                fix='write it in quotes, such as ">= 0.8"',
            )
        return cls(metric, cast(Comparison, match[1]), float(match[2]))

    def judge(self, value: float | None) -> GateResult:
        """The gate with the metric's value. It fails closed: a metric that could not be measured does not pass."""
        return GateResult(self, value, value is not None and _COMPARE[self.comparison](value, self.bound))

    def __str__(self) -> str:
        return f"{self.comparison} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate with the value that its metric had."""

    gate: Gate
    """The gate."""
    value: float | None
    """The metric's value, in [0, 1]; None where there was nothing to measure it on."""
    passed: bool
    """Whether the gate is met."""
