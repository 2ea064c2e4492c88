"""Expressions: conditions in the Common Expression Language, checked when a policy is loaded."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from .errors import PolicyError

__all__ = ["Expression"]

_MOST_CHARACTERS = 2_000
_MOST_MACROS = 2
_MACROS = (".all(", ".exists(", ".exists_one(", ".map(", ".filter(")


@dataclass(frozen=True)
class Expression:
    """A condition in CEL over named variables.

    Decimals are seen as doubles, dates and times as ISO 8601 text, models as maps.

    Raises:
        PolicyError: It does not compile, names an unknown variable, is longer than 2,000 characters, or
            loops more than twice.
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
        macros = sum(self.source.count(macro) for macro in _MACROS)
        if macros > _MOST_MACROS:
            raise self._error(f"{macros} loops", f"at most {_MOST_MACROS}", "split the rule, or write it in Python")
        import cel

        try:
            program = cel.compile(self.source)
            unknown = set(program.variables()) - self.names - set(_bound(self.source))
        except ValueError as error:
            raise self._error(repr(self.source), "a CEL expression", f"correct it: {error}") from error
        if unknown:
            raise self._error(
                f"{self.source!r}, which names {', '.join(sorted(unknown))}",
                f"only the variables {', '.join(sorted(self.names))}",
                "correct the name",
            )

    @cached_property
    def _program(self) -> Any:
        import cel

        return cel.compile(self.source)

    @cached_property
    def _used(self) -> frozenset[str]:
        """The variables that it looks at; no other is converted, for a request can be large."""
        return self.names.intersection(self._program.variables())

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether the condition is true of the variables.

        Raises:
            PolicyError: It cannot be evaluated on them, or is not true or false.
        """
        try:
            result = self._program.execute({name: _plain(variables[name]) for name in self._used})
        except Exception as error:
            raise self._error(
                f"{type(error).__name__}: {error}",
                f"true or false from {self.source!r}",
                "guard the expression with has(), size() or a type check",
            ) from error
        if not isinstance(result, bool):
            raise self._error(repr(result), f"true or false from {self.source!r}", "make it a comparison")
        return result

    def _error(self, got: str, expected: str, fix: str) -> PolicyError:
        return PolicyError(self.where, got=got, expected=expected, fix=fix)


def _bound(source: str) -> Iterable[str]:
    """The names that the loops of the expression bind: the `c` of `claims.all(c, ...)`."""
    for macro in _MACROS:
        for tail in source.split(macro)[1:]:
            yield tail.split(",", 1)[0].strip()


def _plain(value: Any) -> Any:
    match value:
        case decimal.Decimal():
            return float(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case BaseModel():
            return _plain(value.model_dump())
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
