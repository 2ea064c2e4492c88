"""Rule: a written override of the vote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_core import to_jsonable_python

from .errors import PolicyError
from .expression import Expression
from .record import check_plain

__all__ = ["CLAIM_ACTIONS", "CLAIM_VARIABLES", "DECISION_VARIABLES", "FIRST_MATCH", "Rule", "RuleAction"]

RuleAction = Literal["forbid", "prefer", "force", "veto", "review", "route"]
"""What a rule does where its condition holds.

`forbid`: the claim does not vote. `prefer`: only such claims vote, and their best is accepted whatever its
confidence. `force`: the field takes the rule's `value`. `veto`: where such a claim is for another value than the one
that stands, a person must decide. `review`: a person must confirm the field. `route`: if a person is asked, it is
those in `to`.
`forbid`, `prefer` and `veto` are asked for each claim, `force`, `review` and `route` once after the vote.
"""

CLAIM_ACTIONS = frozenset({"forbid", "prefer", "veto"})
"""The actions whose condition is asked for each claim."""

FIRST_MATCH = frozenset({"prefer", "force", "route"})
"""The actions of which the first rule that holds for a field is the only one that applies."""

_COMMON = frozenset({"field", "value", "confidence", "evidence", "sources", "usage", "request", "decided"})

CLAIM_VARIABLES = _COMMON | {"agent", "reason"}
"""What the condition of a `forbid`, `prefer` or `veto` sees of the claim, and beside it.

`evidence` counts the claim's evidence, `sources` lists its kinds. `usage` holds `tokens`, `seconds` and `runs` of the
turn so far; `decided` the settled ones of the fields that the condition reads.
"""

DECISION_VARIABLES = _COMMON | {"status", "support", "voters", "dissent", "agents"}
"""What the condition of a `force`, `review` or `route` sees: the outcome of the vote.

`support`, `voters` and `dissent` are counts, `agents` lists who claims the value that stands; `evidence` and `sources`
are those of their claims. `usage`, `request` and `decided` are as in a claim's condition.
"""

Condition = Callable[[Mapping[str, Any]], bool]
_Name = Annotated[str, Field(min_length=1)]
_ACTION_OF: Mapping[str, RuleAction] = {"reviewers": "review", "reviewers_from": "review", "to": "route"}
"""The action that a key belongs to."""


class Rule(BaseModel):
    """A written override: for some fields, an action and the condition under which it is taken.

    The condition is a CEL expression, in a policy file or as text, or a Python function from the
    variables to a bool. Rules of one action are asked by `priority`, the highest first, then in the order of the
    policy. Every `forbid`, `veto` and `review` that holds applies; of `prefer`, `force` and `route` the first.

    The fields that it reads are decided first; `decided` holds those of them that are settled, and no
    other. A CEL condition reads each field that it names, as in `decided.currency`; of a function
    they must be declared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    name: str = Field(min_length=1)
    """Name of the rule; unique in a policy, and recorded with each decision that it touched."""
    field: str | tuple[str, ...]
    """The field that it is about, several of them, or `*` for every field."""
    then: RuleAction
    """What it does."""
    when: str | Condition
    """The condition."""
    agent: str | tuple[str, ...] | None = None
    """The agents whose claims it is about; after the vote, one of them must claim the value. None for all."""
    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    """Rules of a higher one are asked first."""
    value: Any = None
    """The value that `force` sets, as plain JSON data."""
    reviewers: int = Field(default=0, ge=0, le=100)
    """With `review`: how many different people must agree; 0 for as many as the policy says."""
    reviewers_from: tuple[_Name, ...] = ()
    """With `review`: who may confirm it, people or roles; empty for those that the policy names."""
    to: tuple[_Name, ...] = ()
    """With `route`: who is asked, people or roles."""
    reads: tuple[str, ...] = ()
    """Fields of the outcome that a function looks up in `decided`."""
    reason: str = ""
    """Why the rule is there; shown to the person who reviews."""

    _condition: Condition = PrivateAttr()
    _upstream: frozenset[str] = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _take_one_name(cls, data: Any) -> Any:
        """One name may stand without a list."""
        if not isinstance(data, Mapping):
            return data
        return {
            key: (value,) if key in ("to", "reviewers_from") and isinstance(value, str) else value
            for key, value in data.items()
        }

    def model_post_init(self, context: Any, /) -> None:
        """Compile the condition, and check that the keys go together and that the value can be recorded."""
        self._check_keys()
        self._upstream = frozenset(self.reads)
        if self.expression is not None:
            self._condition = self.expression.holds
            self._upstream |= self.expression.reads
        elif callable(self.when):
            self._condition = self.when
        own = sorted(self._upstream.intersection(self.fields))
        if own:
            raise self._error("when", f"a look at its own field {own[0]!r}", "other fields in `decided`", "use `value`")
        try:
            check_plain(to_jsonable_python(self.value))
        except ValueError as error:
            raise self._error("value", f"{self.value!r:.80}", "JSON data", str(error)) from error

    def _check_keys(self) -> None:
        for key, names in (("field", self.fields), ("agent", self.agents if self.agent is not None else ("*",))):
            if not names or "" in names:
                raise self._error(key, repr(getattr(self, key)), "a name, or a list of names", f"name the {key}")
        for key, action in _ACTION_OF.items():
            if getattr(self, key) and self.then != action:
                fix = f"leave it out, or write `then: {action}`"
                raise self._error(key, f"`{key}` with `then: {self.then}`", f"it with `then: {action}` only", fix)
        if self.then == "route" and not self.to:
            raise self._error("to", "nothing", "the people or roles that are asked", "add `to`")

    def _error(self, key: str, got: str, expected: str, fix: str) -> PolicyError:
        return PolicyError(f"rule {self.name!r}, {key}", got=got, expected=expected, fix=fix)

    @cached_property
    def expression(self) -> Expression | None:
        """The condition where it is CEL; None where it is a function."""
        if callable(self.when):
            return None
        names = CLAIM_VARIABLES if self.then in CLAIM_ACTIONS else DECISION_VARIABLES
        return Expression(self.when, names, where=f"rule {self.name!r}, when")

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields that it is about; `*` stands for every field."""
        return (self.field,) if isinstance(self.field, str) else self.field

    @cached_property
    def agents(self) -> frozenset[str]:
        """The agents that it is about; empty for all."""
        if self.agent is None:
            return frozenset()
        return frozenset((self.agent,) if isinstance(self.agent, str) else self.agent)

    def is_about(self, field: str) -> bool:
        """Whether it is about a field."""
        return field in self.fields or "*" in self.fields

    @property
    def upstream(self) -> frozenset[str]:
        """The fields that are decided before the rule is asked: those that it reads."""
        return self._upstream

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether the condition is true of the variables, and a claim is of its agents.

        Whatever the condition raises is the caller's to handle.
        """
        if self.agents:
            of = variables["agents"] if self.then not in CLAIM_ACTIONS else (variables["agent"],)
            if self.agents.isdisjoint(of):
                return False
        return bool(self._condition(variables))

    def describe(self) -> dict[str, Any]:
        """The rule as plain JSON data, for the policy's digest; a function stands by its qualified name."""
        when = self.when
        if not isinstance(when, str):
            named: Any = when if hasattr(when, "__qualname__") else type(when)
            when = f"{named.__module__}:{named.__qualname__}"
        content = self.model_dump(mode="json", exclude={"when"})
        said = {name: value for name, value in content.items() if value or name not in _ADDED}
        return {**said, "when": when}


_ADDED = ("agent", "priority", "reviewers", "reviewers_from", "to")
"""Keys that count in the digest only where they say something: policies without them keep their digest."""
