"""Rule: a written override of the vote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic_core import to_jsonable_python

from .errors import PolicyError
from .expression import Expression
from .record import check_plain

__all__ = ["CLAIM_VARIABLES", "DECISION_VARIABLES", "Rule", "RuleAction"]

RuleAction = Literal["forbid", "prefer", "force", "review"]
"""What a rule does where its condition holds.

`forbid`: the claim does not vote. `prefer`: only such claims vote, and their best is accepted whatever its
confidence. `force`: the field takes the rule's `value`. `review`: a person must confirm the field.
`forbid` and `prefer` are asked for each claim before the vote, `force` and `review` once after it.
"""

CLAIM_VARIABLES = frozenset({"field", "value", "confidence", "agent", "evidence", "reason", "request", "decided"})
"""What a `forbid` or `prefer` condition sees: the claim, the request, and the settled ones of the fields it reads."""

DECISION_VARIABLES = frozenset(
    {"field", "value", "confidence", "status", "support", "voters", "dissent", "request", "decided"}
)
"""What a `force` or `review` condition sees: the outcome of the vote. `support`, `voters` and `dissent` are counts.

`request` and `decided` are as in a claim's condition.
"""

Condition = Callable[[Mapping[str, Any]], bool]


class Rule(BaseModel):
    """A written override: for one field, an action and the condition under which it is taken.

    The condition is a CEL expression, in a policy file or as text, or a Python function from the
    variables to a bool. Rules of one action are asked in the order of the policy. Every `forbid` and
    every `review` that holds applies; of `prefer` and `force` the first that holds.

    The fields that it reads are decided first; `decided` holds those of them that are settled, and no
    other. A CEL condition reads each field that it names, as in `decided.currency`; of a function
    they must be declared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    name: str = Field(min_length=1)
    """Name of the rule; unique in a policy, and recorded with each decision that it touched."""
    field: str = Field(min_length=1)
    """The field that it is about, or `*` for every field."""
    then: RuleAction
    """What it does."""
    when: str | Condition
    """The condition."""
    value: Any = None
    """The value that `force` sets, as plain JSON data."""
    reads: tuple[str, ...] = ()
    """Fields of the outcome that a function looks up in `decided`."""
    reason: str = ""
    """Why the rule is there; shown to the person who reviews."""

    _condition: Condition = PrivateAttr()
    _upstream: frozenset[str] = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Compile the condition, and check that the value can be recorded."""
        self._upstream = frozenset(self.reads)
        if callable(self.when):
            self._condition = self.when
        else:
            names = CLAIM_VARIABLES if self.then in ("forbid", "prefer") else DECISION_VARIABLES
            expression = Expression(self.when, names, where=f"rule {self.name!r}, when")
            self._condition = expression.holds
            self._upstream |= expression.reads
        if self.field in self._upstream:
            raise PolicyError(
                f"rule {self.name!r}, when",
                got=f"a look at its own field {self.field!r}",
                expected="other fields in `decided`",
                fix="use `value`",
            )
        try:
            check_plain(to_jsonable_python(self.value))
        except ValueError as error:
            raise PolicyError(
                f"rule {self.name!r}, value", got=f"{self.value!r:.80}", expected="JSON data", fix=str(error)
            ) from error

    @property
    def upstream(self) -> frozenset[str]:
        """The fields that are decided before the rule is asked: those that it reads."""
        return self._upstream

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether the condition is true of the variables; whatever it raises is the caller's to handle."""
        return bool(self._condition(variables))

    def describe(self) -> dict[str, Any]:
        """The rule as plain JSON data, for the policy's digest; a function stands by its qualified name."""
        when = self.when
        if not isinstance(when, str):
            named: Any = when if hasattr(when, "__qualname__") else type(when)
            when = f"{named.__module__}:{named.__qualname__}"
        return {**self.model_dump(mode="json", exclude={"when"}), "when": when}
