"""Expressions: conditions in the Common Expression Language, checked when a policy is loaded."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from .cel import (
    MOST_LEVELS,
    MOST_STEPS,
    Call,
    CelSyntaxError,
    Constant,
    Has,
    Index,
    Loop,
    Name,
    Node,
    Select,
    cost,
    is_cheap,
    parse,
    walk,
)
from .errors import PolicyError

__all__ = ["Expression"]

_DECIDED = "decided"
_MOST_CHARACTERS = 2_000
_MOST_LOOPS = 2
_MOST_COLLECTING = 1

_FUNCTIONS = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "matches"),
        *("string", "int", "uint", "double", "bytes", "timestamp", "duration", "type", "dyn"),
        *("getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    }
)


@dataclass(frozen=True)
class Expression:
    """A condition in CEL over named variables.

    Decimals are seen as doubles, dates and times as ISO 8601 text, models as maps, enums as their values.

    The library that evaluates it cannot be stopped. So what could take long is refused before it begins: by its text
    when it is made, and on values on which it could take more than 10 million steps when it is asked.

    Raises:
        PolicyError: It does not compile, names an unknown variable or function, is longer than 2,000
            characters, nested deeper than 32 levels, loops more than twice or collects (`map`, `filter`) more than
            once, or uses `decided` without the name of a field.
    """

    source: str
    """The text of the condition."""
    names: frozenset[str]
    """The variables that it may use."""
    where: str
    """The file and key that it stands at, for errors."""

    def __post_init__(self) -> None:
        if len(self.source) > _MOST_CHARACTERS:
            raise self._error(f"{len(self.source)} characters", f"at most {_MOST_CHARACTERS}", "split the rule")
        loops = [part.kind for part, _ in walk(self.tree) if isinstance(part, Loop)]
        collecting = sum(loop in ("map", "filter") for loop in loops)
        if len(loops) > _MOST_LOOPS or collecting > _MOST_COLLECTING:
            raise self._error(
                f"{len(loops)} loops, {collecting} of them map or filter",
                f"at most {_MOST_LOOPS}, and {_MOST_COLLECTING} of map or filter",
                "split the rule, or write it in Python",
            )
        self._check_names()
        if self._uses_all_decided:
            raise self._error(
                f"{self.source!r}, which uses `decided` as a whole",
                "a field of it, such as decided.total",
                "name the field",
            )

    @cached_property
    def tree(self) -> Node:
        """The condition as its parts."""
        try:
            return parse(self.source)
        except CelSyntaxError as error:
            raise self._error(
                f"{self.source!r:.200}",
                f"a CEL expression of at most {MOST_LEVELS} levels",
                f"correct it: {error}",
            ) from error

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields of `decided` that it looks at."""
        looked = (_decided_field(part) for part, bound in walk(self.tree) if _DECIDED not in bound)
        return frozenset(name for name in looked if name is not None)

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether the condition is true of the variables.

        Raises:
            PolicyError: It cannot be evaluated on them, could take too long on them, or is not true or false.
        """
        try:
            values = {name: _plain(variables[name]) for name in self._used}
            self._check_cost(values)
            result = self._program.execute(values)
        except PolicyError:
            raise
        except Exception as error:
            raise self._error(
                f"{type(error).__name__}: {str(error).partition('. ')[0]}",  # the rest is advice on CEL at large
                f"true or false from {self.source!r}",
                "guard the expression with has(), size() or a type check",
            ) from error
        if not isinstance(result, bool):
            raise self._error(repr(result), f"true or false from {self.source!r}", "make it a comparison")
        return result

    def _check_cost(self, values: Mapping[str, Any]) -> None:
        if self._is_cheap:
            return
        steps = cost(self.tree, values)
        if steps > MOST_STEPS:
            raise self._error(
                f"values on which it could take {steps:,} steps",
                f"at most {MOST_STEPS:,} steps for {self.source!r}",
                "loop over less, or write the condition in Python",
            )

    @cached_property
    def _is_cheap(self) -> bool:
        return is_cheap(self.tree)

    @cached_property
    def _program(self) -> Any:
        import cel

        try:
            return cel.compile(self.source)
        except ValueError as error:
            raise self._error(f"{self.source!r:.200}", "a CEL expression", f"correct it: {error!s:.500}") from error

    @cached_property
    def _used(self) -> frozenset[str]:
        """The variables that it looks at; no other is converted, for a request can be large."""
        return frozenset(
            part.name for part, bound in walk(self.tree) if isinstance(part, Name) and part.name not in bound
        )

    @cached_property
    def _uses_all_decided(self) -> bool:
        parts = [part for part, bound in walk(self.tree) if _DECIDED not in bound]
        return parts.count(Name(_DECIDED)) > sum(_decided_field(part) is not None for part in parts)

    def _check_names(self) -> None:
        unknown = self._used - self.names
        if unknown:
            raise self._error(
                f"{self.source!r}, which names {', '.join(sorted(unknown))}",
                f"only the variables {', '.join(sorted(self.names))}",
                "correct the name",
            )
        called = {part.name for part, _ in walk(self.tree) if isinstance(part, Call) and part.name[0].isalpha()} - {
            "in"
        }
        strange = (called | {name for name in self._program.functions() if name[0].isalpha()}) - _FUNCTIONS
        if strange:
            raise self._error(
                f"{self.source!r}, which calls {', '.join(sorted(strange))}",
                f"only the functions {', '.join(sorted(_FUNCTIONS))}",
                "correct the name, or write the rule in Python",
            )
        bound = {part.name for part, _ in walk(self.tree) if isinstance(part, Loop)}
        if set(self._program.variables()) - bound != self._used - bound:
            raise self._error(
                f"{self.source!r}, which two readers take for different conditions",
                "a condition that can be read in one way",
                "write it more simply: no escapes in texts, brackets around what belongs together",
            )

    def _error(self, got: str, expected: str, fix: str) -> PolicyError:
        return PolicyError(self.where, got=got, expected=expected, fix=fix)


def _decided_field(part: Node) -> str | None:
    """The field that a part looks up in `decided`: `decided.f`, `has(decided.f)`, `decided["f"]`, `"f" in decided`."""
    match part:
        case Select(Name("decided"), field) | Has(Name("decided"), field):
            return field
        case Index(Name("decided"), Constant(str(field))) | Call("in", (Constant(str(field)), Name("decided"))):
            return field
        case _:
            return None


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return _plain(value.value)
        case None | str() | bool() | int() | float():
            return value
        case decimal.Decimal():
            return float(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case BaseModel():
            return _plain(value.model_dump())
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case _:
            return to_jsonable_python(value)
