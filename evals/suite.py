"""Suite: cases, the evaluators that judge them, and the gates that the result must pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ValidationError

from ..contracts import SuiteError, fields_of
from .case import Case
from .evaluator import EVALUATORS, Evaluator, exact
from .gate import Gate
from .metric import metric_names
from .suite_file import SuiteFile

__all__ = ["Suite"]


@dataclass(frozen=True)
class Suite:
    """Cases, the evaluators that judge them, and the gates that the result must pass.

    Raises:
        SuiteError: There is no case or no evaluator; two cases have one id; a case expects a value that the field's
            evaluator cannot judge, or one of a field without an evaluator; a gate names an unknown metric.
    """

    name: str
    """Name of the suite."""
    cases: tuple[Case, ...]
    """The cases, in order."""
    evaluators: Mapping[str, Evaluator]
    """The evaluator of each judged field."""
    gates: tuple[Gate, ...] = ()
    """The bounds that the metrics must keep."""
    selection: frozenset[str] = frozenset()
    """A case is selected where all these fields are settled; empty for every field that the case judges."""
    graph: str = ""
    """What is tested: `module:attribute`, or a name in `langgraph.json`; empty where the caller brings a target."""
    where: str = "suite"
    """The file that it was read from, for errors."""

    def __post_init__(self) -> None:
        problem = next(self._problems(), None)
        if problem is not None:
            raise problem

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The suite in a `suite.yaml`, or in a folder that has one.

        Raises:
            SuiteError: A file cannot be read, or something in it is wrong; the message names the file and the key
                or line.
        """
        file = SuiteFile.load(path)
        return cls(
            name=file.name,
            cases=file.read_cases(),
            evaluators={field: EVALUATORS[name] for field, name in file.evaluators.items()},
            gates=tuple(Gate.parse(metric, str(text), f"{file.where}: gates") for metric, text in file.gates.items()),
            selection=frozenset(file.selection),
            graph=file.graph,
            where=file.where,
        )

    def bind(self, outcome: type[BaseModel], request: type[BaseModel] | None = None) -> Self:
        """The same suite, in which `exact` has the equality of the outcome's fields.

        Args:
            outcome: The model of what is decided.
            request: The model of the requests; None where they are not to be checked.

        Raises:
            SuiteError: A judged field is not one of the outcome, an expected value is not of its field's type, or a
                request does not fit its model.
        """
        if request is not None:
            self._check_requests(request)
        known = fields_of(outcome)
        for field in sorted(self.selection.union(self.evaluators) - known.keys()):
            key = "evaluators" if field in self.evaluators else "selection"
            raise SuiteError(
                f"{self.where}: {key}",
                got=f"field {field!r}",
                expected=f"a field of {outcome.__name__}: {', '.join(known)}",
                fix="correct the name",
            )
        bound = {
            field: exact(known[field]) if evaluator.name == "exact" else evaluator
            for field, evaluator in self.evaluators.items()
        }
        return replace(self, evaluators=bound)

    def _check_requests(self, request: type[BaseModel]) -> None:
        for case in self.cases:
            try:
                request.model_validate(case.request, by_alias=True, by_name=True)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                place = ".".join(("request", *map(str, first["loc"])))
                raise self._error(
                    f"case {case.id!r}: {place}",
                    f"{repr(first['input'])[:100]}: {first['msg'].removeprefix('Value error, ')}",
                    f"a request of the form {request.__name__}",
                    "correct the line in the file of cases",
                ) from error

    def _problems(self) -> Iterator[SuiteError]:
        if not self.evaluators:
            yield self._error("evaluators", "none", "an evaluator for at least one field", "add `total: amount`, say")
        if not self.cases:
            yield self._error("cases", "no case", "at least one", "add a line to the file of cases")
        for name, times in Counter(case.id for case in self.cases).items():
            if times > 1:
                yield self._error("cases", f"id {name!r} {times} times", "an id of its own for each", "rename them")
        for case in self.cases:
            yield from self._problems_of(case)
        names = metric_names(self.evaluators)
        for gate in self.gates:
            if gate.metric not in names:
                yield self._error("gates", f"metric {gate.metric!r}", f"one of {', '.join(names)}", "correct the name")

    def _problems_of(self, case: Case) -> Iterator[SuiteError]:
        for field, value in case.expected.items():
            evaluator = self.evaluators.get(field)
            place = f"case {case.id!r}: expected.{field}"
            if evaluator is None:
                known = ", ".join(self.evaluators)
                yield self._error(
                    place, "a field without an evaluator", f"one of {known}", "add one, or drop the field"
                )
            elif evaluator.score(value, value) is None:
                yield self._error(
                    place, repr(value), f"what the evaluator {evaluator.name!r} can read", "correct it, or use another"
                )

    def _error(self, place: str, got: str, expected: str, fix: str) -> SuiteError:
        return SuiteError(f"{self.where}: {place}", got=got, expected=expected, fix=fix)
