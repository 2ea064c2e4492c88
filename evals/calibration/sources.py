"""Sources: labelled questions from a database with human decisions, from suites, and from files of labels."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Key

from ...contracts import Claim, Field, FieldPolicy, Policy, SuiteError
from ...graphs import Turn
from ..label import labels_of
from ..turns import turns
from .labelled import UNKNOWN, Labelled

if TYPE_CHECKING:
    from ...checkpoints import Database
    from ...graphs import Supervisor
    from ..case import Case

__all__ = ["questions_of_case", "questions_of_database", "questions_of_file"]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str = Key(min_length=1)
    value: Any
    confidence: float = Key(default=0.5, ge=0, le=1, allow_inf_nan=False)


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    claims: tuple[_Said, ...]
    value: Any = UNKNOWN
    context: str = ""


def questions_of_database(database: Database, supervisor: Supervisor) -> Iterator[Labelled]:
    """What the agents of a team claimed, with what people said of it.

    A field that no person decided counts without a label; so does one that was left open, and one of several that one
    answer was given to, as nobody looked at each. The turns are those of the team's thread, whose fields the team has.
    """
    for thread, turn in turns(database):
        said = {
            label.field: label.value
            for label in labels_of(thread, turn)
            if label.final and label.value is not None and not label.like
        }
        yield from _of_turn(turn, supervisor, said)


def questions_of_case(turn: Turn, case: Case, supervisor: Supervisor) -> Iterator[Labelled]:
    """What the agents claimed in a turn on a suite's case, with the right values of the case."""
    yield from _of_turn(turn, supervisor, case.expected)


def questions_of_file(path: str | Path, fields: Mapping[str, Field], policy: Policy) -> Iterator[Labelled]:
    """The questions in a file, one JSON object on each line: `field`, `claims`, `value`, `context`.

    Each claim has `agent`, `value` and `confidence`. Without `value` it is a question without a label; null says that
    there is no right value.

    Raises:
        SuiteError: It cannot be read, or a line is no such question, or of a field that the team does not decide.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(
            str(path), got=str(error), expected="a readable file of questions", fix="check the path"
        ) from error
    for number, text in enumerate(lines, start=1):
        if text.strip():
            try:
                line = _Line.model_validate(json.loads(text))
                field = fields[line.field]
                claims = [Claim(field.name, field.plain(c.value), c.confidence, agent=c.agent) for c in line.claims]
                value = line.value if line.value is UNKNOWN or line.value is None else field.plain(line.value)
            except (ValueError, KeyError, RecursionError) as error:
                raise SuiteError(
                    f"{path}: line {number}",
                    got=f"{text[:80]!r}: {_problem(error)}",
                    expected=f"field (one of {', '.join(fields)}), claims, value",
                    fix="correct the line",
                ) from error
            yield Labelled.of(field, claims, value, line.context)


def _problem(error: Exception) -> str:
    """What is wrong with a line, and where in it."""
    if isinstance(error, KeyError):
        return f"no field {error}"
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        return "no JSON object"
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _of_turn(turn: Turn, supervisor: Supervisor, said: Mapping[str, Any]) -> Iterator[Labelled]:
    """Each field of a turn that agents claimed; their newest claims, and no person's word."""
    for name, field in supervisor.roster.outcome.items():
        if name in supervisor.roster.actions:
            continue  # what became of an effect is no matter of opinion
        claims = [claim for claim in turn.claims if claim.field == name and not claim.person]
        newest = {claim.agent: claim.basis for claim in claims}
        counted = [claim for claim in claims if claim.basis == newest[claim.agent]]
        terms = supervisor.policy.of(name)
        try:
            value = _right(field, said[name]) if name in said else UNKNOWN
            if counted:
                yield Labelled.of(field, counted, value, context_of(turn, terms))
        except ValueError:
            continue  # recorded for another type of the field


def _right(field: Field, value: Any) -> Any:
    return None if value is None else field.plain(value)


def context_of(turn: Turn, terms: FieldPolicy) -> str:
    """The context of a turn by the terms of a field, as the vote reads it."""
    return str(turn.request.get(terms.context, "")) if terms.context else ""
