"""Expressions: conditions in the Common Expression Language, checked when a policy is loaded."""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from .errors import PolicyError

__all__ = ["Expression"]

_MOST_CHARACTERS = 2_000
_MOST_LOOPS = 2
_MOST_COLLECTING = 1

_WORD_OR_TEXT = re.compile(
    r"""(?P<comment>//[^\n]*)
      | [rR][bB]?(?:'{3}.*?'{3}|"{3}.*?"{3}|'[^'\n]*'|"[^"\n]*")
      | [bB]?(?:'{3}(?:\\.|[^\\])*?'{3}|"{3}(?:\\.|[^\\])*?"{3}|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN_TEXT = re.compile(r"""(['"])([A-Za-z_]\w*)\1""")
_LOOP = re.compile(r"\.(all|exists|exists_one|existsOne|map|filter)\((\w*)")
_DECIDED = re.compile(r"""(?<![\w.])decided(?:\.(\w+)|\["(\w+)"\])|"(\w+)" in decided(?![\w.\[])""")
_ANY_DECIDED = re.compile(r"(?<![\w.])decided(?!\w)")

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

    Raises:
        PolicyError: It does not compile, names an unknown variable or function, is longer than 2,000
            characters, loops more than twice or collects (`map`, `filter`) more than once, or uses `decided`
            without the name of a field.
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
        loops = [match[1] for match in _LOOP.finditer(self._skeleton)]
        collecting = sum(loop in ("map", "filter") for loop in loops)
        if len(loops) > _MOST_LOOPS or collecting > _MOST_COLLECTING:
            raise self._error(
                f"{len(loops)} loops, {collecting} of them map or filter",
                f"at most {_MOST_LOOPS}, and {_MOST_COLLECTING} of map or filter",
                "split the rule, or write it in Python",
            )
        self._check_names()
        if len(_ANY_DECIDED.findall(self._skeleton)) > len(_DECIDED.findall(self._skeleton)):
            raise self._error(
                f"{self.source!r}, which uses `decided` as a whole",
                "a field of it, such as decided.total",
                "name the field",
            )

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields of `decided` that it looks at."""
        return frozenset(name for match in _DECIDED.findall(self._skeleton) for name in match if name)

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
        return self.names.intersection(self._program.variables())

    @cached_property
    def _skeleton(self) -> str:
        """The source without comments, texts (but for single words) and needless space."""

        def blank(match: re.Match[str]) -> str:
            word = _PLAIN_TEXT.fullmatch(match[0])
            return " " if match["comment"] else f'"{word[2]}"' if word else '""'

        return re.sub(r"\s*([.()\[\],])\s*", r"\1", " ".join(_WORD_OR_TEXT.sub(blank, self.source).split()))

    def _check_names(self) -> None:
        bound = {match[2] for match in _LOOP.finditer(self._skeleton)}
        unknown = set(self._program.variables()) - self.names - bound
        if unknown:
            raise self._error(
                f"{self.source!r}, which names {', '.join(sorted(unknown))}",
                f"only the variables {', '.join(sorted(self.names))}",
                "correct the name",
            )
        strange = {name for name in self._program.functions() if name[0].isalpha()} - _FUNCTIONS
        if strange:
            raise self._error(
                f"{self.source!r}, which calls {', '.join(sorted(strange))}",
                f"only the functions {', '.join(sorted(_FUNCTIONS))}",
                "correct the name, or write the rule in Python",
            )

    def _error(self, got: str, expected: str, fix: str) -> PolicyError:
        return PolicyError(self.where, got=got, expected=expected, fix=fix)


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
