"""Surroundings: what is known of the variables of a condition before any agent has run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from ...contracts import Field
from ...contracts.cel import Constant, Index, Loop, Name, Node, Select, children
from .domain import Kind
from .sample import UNKNOWN, samples

__all__ = ["MISSING", "Surroundings", "kind_of"]


class _Missing:
    """The one value that stands for no value."""


MISSING = _Missing()
"""Where a map has no such key."""


class Surroundings(ABC):
    """Sample values of the variables of a condition; of a team's own only with its schema."""

    @abstractmethod
    def choices(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Each variable with its sample values, the usual one first."""

    @property
    def asked_without_value(self) -> bool:
        """Whether it is asked where nobody claimed a value."""
        return False

    def kinds(self, path: Node) -> frozenset[Kind] | None:
        """The kinds of values that stand at a path in the samples; None where that is not known."""
        found = [_at(path, each) for each in self.environments]
        if not found or any(each is UNKNOWN for each in found):
            return None
        return frozenset(kind_of(each) for each in found if each is not MISSING)

    def is_missing(self, path: Node) -> bool:
        """Whether no sample has anything at a path."""
        return bool(self.environments) and all(_at(path, each) is MISSING for each in self.environments)

    @cached_property
    def environments(self) -> tuple[Mapping[str, Any], ...]:
        """Sample values of all variables: one as usual, and then others of one variable at a time."""
        choices = dict(self.choices())
        usual = {name: values[0] for name, values in choices.items()}
        others = [{**usual, name: value} for name, values in choices.items() for value in values[1:]]
        return (usual, *others)

    def known_environments(self, condition: Node) -> tuple[Mapping[str, Any], ...]:
        """The environments in which all is known that a condition looks at, without what is not known."""
        paths = list(_paths(condition, frozenset()))
        known = (each for each in self.environments if not any(_has_unknown(_at(path, each)) for path in paths))
        return tuple({name: _without_unknown(value) for name, value in each.items()} for each in known)

    @staticmethod
    def records(fields: Mapping[str, Field] | None) -> tuple[Any, ...]:
        """Records of which each has another sample of some fields."""
        if fields is None:
            return (UNKNOWN,)
        values = {name: samples(field.annotation) for name, field in fields.items()}
        most = max((len(each) for each in values.values()), default=1)
        return tuple({name: each[min(at, len(each) - 1)] for name, each in values.items()} for at in range(most))


def _paths(node: Node, bound: frozenset[str]) -> Iterator[Node]:
    """The longest paths in a condition that begin at a variable."""
    within = node
    while isinstance(within, Select | Index) and (isinstance(within, Select) or isinstance(within.key, Constant)):
        within = within.operand
    if isinstance(within, Name):
        if within.name not in bound:
            yield node
        return
    inner = bound | {node.name} if isinstance(node, Loop) else bound
    for part in children(node):
        yield from _paths(part, inner)


def _has_unknown(value: Any) -> bool:
    match value:
        case dict():
            return any(map(_has_unknown, value.values()))
        case list():
            return any(map(_has_unknown, value))
        case _:
            return value is UNKNOWN


def _without_unknown(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_unknown(each) for key, each in value.items() if each is not UNKNOWN}
        case list():
            return [_without_unknown(each) for each in value if each is not UNKNOWN]
        case _:
            return value


def kind_of(value: Any) -> Kind:
    """The kind of a value, as conditions tell them apart."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str() | bytes():
            return "text"
        case list() | tuple():
            return "list"
        case _:
            return "map"


def _at(path: Node, environment: Mapping[str, Any]) -> Any:
    """What stands at a path; `UNKNOWN` where that is not known, or it is no path."""
    match path:
        case Name(name):
            return environment.get(name, UNKNOWN)
        case Select(operand, field) | Index(operand, Constant(str(field))):
            value = _at(operand, environment)
            if value is None:
                return MISSING
            return value.get(field, MISSING) if isinstance(value, dict) else value if value is UNKNOWN else MISSING
        case Index(operand, Constant(int())):
            value = _at(operand, environment)
            if isinstance(value, list):
                return value[0] if value else MISSING
            return value if value is UNKNOWN else MISSING
        case _:
            return UNKNOWN
