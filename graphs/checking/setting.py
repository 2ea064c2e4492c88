"""Setting: what is known of the variables of a rule's condition before any claim is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...contracts import Field, Rule
from ...contracts.cel import Call, Constant, Index, Loop, Name, Node, Select, children
from ...contracts.rule import CLAIM_ACTIONS
from .domain import ANYTHING, Domain, Kind
from .logic import OTHER_CLAIM
from .sample import UNKNOWN, samples
from .team_schema import TeamSchema

__all__ = ["MISSING", "Setting", "kind_of"]


class _Missing:
    """The one value that stands for no value."""


MISSING = _Missing()
"""Where a map has no such key."""

_SHARE = Domain(frozenset({"number"}), 0.0, 1.0)
_COUNT = Domain(frozenset({"number"}), 0.0, whole=True)
_AMOUNT = Domain(frozenset({"number"}), 0.0)
_TEXT = Domain(frozenset({"text"}))
_COUNTS = frozenset({"evidence", "support", "voters", "dissent"})
_STATUSES: Mapping[str, tuple[str, ...]] = {
    "force": ("settled", "contested", "abstained"),
    "review": ("settled", "contested"),
    "route": ("contested", "abstained"),
}
"""Where a field can stand when rules of an action are asked."""


@dataclass(frozen=True)
class Setting:
    """What is known of the variables of a rule's condition; of a team's own only with its schema."""

    rule: Rule
    """The rule."""
    team: TeamSchema | None
    """The team that it is for."""

    @cached_property
    def fields(self) -> tuple[str, ...] | None:
        """The fields that the rule is about; None where it is about all, and the team is not known."""
        if "*" not in self.rule.fields:
            return self.rule.fields
        return tuple(self.team.outcome) if self.team else None

    @cached_property
    def agents(self) -> tuple[str, ...] | None:
        """The agents whose claims the rule can be asked about; None where they are not known."""
        own = self.rule.agents
        if self.team is None or self.fields is None or not self.team.writers.keys() >= set(self.fields):
            return tuple(sorted(own)) or None
        writers = frozenset().union(*(self.team.writers.get(name, frozenset()) for name in self.fields))
        return tuple(sorted(writers & own if own else writers))

    @property
    def asked_without_value(self) -> bool:
        """Whether it is asked where nobody claimed a value."""
        return self.rule.then in ("force", "route")

    def domain(self, term: Node) -> Domain:
        """Which values a term of the condition can have."""
        match term:
            case Call(name, (inner,)) if name == OTHER_CLAIM:
                return self.domain(inner)
            case Name("confidence"):
                return _SHARE
            case Name(name) if name in _COUNTS:
                return _COUNT
            case Name("status"):
                return Domain(only=_STATUSES.get(self.rule.then))
            case Name("field"):
                return Domain(only=self.fields) if self.fields is not None else _TEXT
            case Name("agent"):
                return Domain(only=self.agents) if self.agents is not None else _TEXT
            case Select(Name("usage"), field):
                return _AMOUNT if field == "seconds" else _COUNT
            case Call("size", (_,)):
                return _COUNT
            case Name() | Select() | Index():
                kinds = self.kinds(term)
                return Domain(kinds) if kinds else ANYTHING
            case _:
                return ANYTHING

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
        choices = dict(self._choices())
        usual = {name: values[0] for name, values in choices.items()}
        others = [{**usual, name: value} for name, values in choices.items() for value in values[1:]]
        return (usual, *others)

    def known_environments(self, condition: Node) -> tuple[Mapping[str, Any], ...]:
        """The environments in which all is known that a condition looks at, without what is not known."""
        paths = list(_paths(condition, frozenset()))
        known = (each for each in self.environments if not any(_has_unknown(_at(path, each)) for path in paths))
        return tuple({name: _without_unknown(value) for name, value in each.items()} for each in known)

    def _choices(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        yield "field", self.fields or ("field",)
        yield "value", self._values()
        yield "confidence", (0.9, 0.1)
        yield "evidence", (1, 0)
        yield "sources", (["quote"], [])
        yield "usage", ({"tokens": 10, "seconds": 1.5, "runs": 2},)
        yield "request", self._records(self.team.request if self.team else None)
        yield "decided", self._records(self.team.outcome if self.team else None)
        if self.rule.then in CLAIM_ACTIONS:
            yield "agent", self.agents or ("agent",)
            yield "reason", ("reason", "")
            return
        yield "agents", (list(self.agents or ("agent",))[:2], [])
        yield "status", _STATUSES[self.rule.then]
        for name in ("support", "voters", "dissent"):
            yield name, (1, 0)

    def _values(self) -> tuple[Any, ...]:
        if self.team is None or self.fields is None:
            return (UNKNOWN,)
        known = [self.team.outcome[name] for name in self.fields if name in self.team.outcome]
        values = [value for field in known for value in samples(field.annotation)] or [UNKNOWN]
        return (*values, None) if self.asked_without_value else tuple(values)

    def _records(self, fields: Mapping[str, Field] | None) -> tuple[Any, ...]:
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
