"""Setting: what is known of the variables of a rule's condition before any claim is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...contracts import Rule
from ...contracts.cel import Call, Index, Name, Node, Select
from ...contracts.rule import CLAIM_ACTIONS
from .domain import ANYTHING, Domain
from .logic import OTHER_CLAIM
from .sample import UNKNOWN, samples
from .surroundings import Surroundings
from .team_schema import TeamSchema

__all__ = ["Setting"]

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
class Setting(Surroundings):
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

    def choices(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Each variable with its sample values, the usual one first."""
        yield "field", self.fields or ("field",)
        yield "value", self._values()
        yield "confidence", (0.9, 0.1)
        yield "evidence", (1, 0)
        yield "sources", (["quote"], [])
        yield "usage", ({"tokens": 10, "seconds": 1.5, "runs": 2},)
        yield "request", self.records(self.team.request if self.team else None)
        yield "decided", self.records(self.team.outcome if self.team else None)
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
