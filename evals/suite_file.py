"""The files of a suite: `suite.yaml` with its cases, read with errors that name the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from ..contracts import SuiteError
from .case import Case

__all__ = ["EvaluatorName", "SuiteFile"]

EvaluatorName = Literal["exact", "amount", "date", "text"]
"""The evaluators that a file may name."""

_NAME = "suite.yaml"


class SuiteFile(BaseModel):
    """What stands in a `suite.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    """Name of the suite."""
    graph: str = Field(min_length=1)
    """What is tested: `module:attribute`, or a name in `langgraph.json`."""
    cases: str = "cases.jsonl"
    """The file of cases, one JSON object a line; relative to the folder of this file."""
    evaluators: dict[str, EvaluatorName] = Field(min_length=1)
    """The evaluator of each judged field."""
    gates: dict[str, object] = {}
    """A comparison by metric: `all_fields: ">= 0.8"`."""
    selection: tuple[str, ...] = ()
    """A case is selected where all these fields are settled; empty for every field that the case judges."""

    _path: Path = PrivateAttr(default=Path(_NAME))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The file at `path`, or the `suite.yaml` in that folder.

        Raises:
            SuiteError: It cannot be read, is not YAML, or a key or value in it is wrong.
        """
        import yaml

        file = Path(path) / _NAME if Path(path).is_dir() else Path(path)
        try:
            data = yaml.safe_load(_read(file))
        except yaml.YAMLError as error:
            raise SuiteError(
                str(file),
                got=" ".join(str(error).split()),
                expected="valid YAML",
                fix='correct it; a gate stands in quotes, such as ">= 0.8"',
            ) from error
        if not isinstance(data, dict):
            raise SuiteError(str(file), got=type(data).__name__, expected="a mapping of keys", fix="start with `name:`")
        try:
            suite = cls.model_validate(data)
        except ValidationError as error:
            raise _explain(str(file), error, cls) from error
        suite._path = file
        return suite

    @property
    def where(self) -> str:
        """The path of the file, for errors."""
        return str(self._path)

    def read_cases(self) -> tuple[Case, ...]:
        """The cases, in the order of their lines; blank lines do not count.

        Raises:
            SuiteError: The file cannot be read, or a line is not a case.
        """
        path = self._path.parent / self.cases
        lines = enumerate(_read(path).split("\n"), start=1)
        return tuple(_case(f"{path}: line {number}", str(number), line) for number, line in lines if line.strip())


def _case(where: str, number: str, line: str) -> Case:
    try:
        case = Case.model_validate_json(line)
    except ValidationError as error:
        raise _explain(where, error, Case) from error
    if not case.expected:
        raise SuiteError(
            f"{where}: expected",
            got="nothing to judge",
            expected="a right value for at least one field",
            fix='add {"total": "12.00"}, say; null for a field that must stay empty',
        )
    return case if case.id else case.model_copy(update={"id": number})


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(
            str(path), got=str(error), expected="a readable UTF-8 file", fix="check the path and its permissions"
        ) from error


def _explain(where: str, error: ValidationError, model: type[BaseModel]) -> SuiteError:
    first: Any = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    at = f"{where}: {place}" if place else where
    match first["type"]:
        case "extra_forbidden":
            known = ", ".join(model.model_fields)
            return SuiteError(at, got="an unknown key", expected=f"one of {known}", fix="correct the key")
        case "missing":
            return SuiteError(at, got="nothing", expected="this key", fix="add it")
        case "json_invalid":
            return SuiteError(at, got=first["msg"], expected="one JSON object a line", fix="correct the line")
        case "literal_error":
            known = ", ".join(get_args(EvaluatorName))
            return SuiteError(at, got=repr(first["input"]), expected=f"one of {known}", fix="correct the name")
        case _:
            return SuiteError(at, got=repr(first["input"])[:200], expected=_lowered(first["msg"]), fix="correct it")


def _lowered(message: str) -> str:
    """A sentence as the end of another: what it quotes keeps its capitals."""
    return f"{message[:1].lower()}{message[1:]}".removeprefix("value error, ")
