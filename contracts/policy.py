"""Policy: when a field is settled, when a person looks, what may be done without asking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator

from .budget import Budget, Budgets, Price, TenantBudget
from .calibration import Calibration
from .errors import PolicyError
from .expression import Expression
from .field_policy import FieldPolicy
from .gate import EntryPolicy, EntryRequirement, HandoffRequirement
from .guardrail import Guardrail, Permissions, read_lists
from .policy_file import read_policy_file
from .policy_test import Expected, PolicyTest, StatedClaim
from .record import digest
from .review_policy import ReviewPolicy, Rung
from .rule import Rule

__all__ = ["Bounds", "EffectPolicy", "FieldPolicy", "Policy", "ReviewPolicy"]

_FORMAT = 1
EFFECT_VARIABLES = frozenset({"name", "args", "agent", "request", "decided"})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class EffectPolicy(_Part):
    """What approves an effect."""

    approve: bool | str = False
    """True: the policy. False: a person. A CEL expression: the policy where it is true, else a person."""
    reviewers: int = Field(default=0, ge=0, le=100)
    """How many different people must agree to execute it; 0 for as many as `review.reviewers` says."""
    compensate: bool | str = False
    """What approves that its receiver undoes it, where it has become stale, in the form of `approve`."""

    _condition: Expression | None = PrivateAttr(default=None)
    _undoing: Expression | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Compile the conditions."""
        if isinstance(self.approve, str):
            self._condition = Expression(self.approve, EFFECT_VARIABLES, where="approve")
        if isinstance(self.compensate, str):
            self._undoing = Expression(self.compensate, EFFECT_VARIABLES, where="compensate")

    @property
    def expression(self) -> Expression | None:
        """The condition under which the policy approves it; None where it is true or false."""
        return self._condition

    @property
    def upstream(self) -> frozenset[str]:
        """The fields that are decided before the expressions are asked: those that these name in `decided`."""
        conditions = (self._condition, self._undoing)
        return frozenset(name for each in conditions if each is not None for name in each.reads)

    def approves(self, variables: Mapping[str, Any]) -> bool:
        """Whether the effect may be executed without a person.

        Raises:
            PolicyError: The expression cannot be evaluated on these variables.
        """
        return self._condition.holds(variables) if self._condition else bool(self.approve)

    def approves_undoing(self, variables: Mapping[str, Any]) -> bool:
        """Whether the effect's own receiver may undo it without a person.

        Raises:
            PolicyError: The expression cannot be evaluated on these variables.
        """
        return self._undoing.holds(variables) if self._undoing else bool(self.compensate)


class Bounds(_Part):
    """What keeps a turn finite."""

    moves: int = Field(default=60, ge=1)
    """The most moves of the supervisor in one turn."""
    rounds: int = Field(default=5, ge=1)
    """The most runs of one agent in one turn; more than 1 because corrected inputs make it run again."""


class Policy(_Part):
    """When a field is settled, when a person looks, what may be done without asking. Versioned, with a digest."""

    format: Literal[1] = 1
    """Version of this file format."""
    name: str = "default"
    """Name of the policy."""
    version: str = "0"
    """Version of the policy, chosen by its authors."""
    defaults: FieldPolicy = FieldPolicy()
    """For fields that are not named, and for the keys that a named field leaves out."""
    fields: dict[str, FieldPolicy] = {}
    """By field."""
    rules: tuple[Rule, ...] = ()
    """Overrides of the vote, in order."""
    effects: dict[str, EffectPolicy] = {}
    """By effect name; an effect that is not named waits for a person."""
    review: ReviewPolicy = ReviewPolicy()
    """Who is asked, how many must agree, and what becomes of a question that nobody answers."""
    bounds: Bounds = Bounds()
    """What keeps a turn finite."""
    budgets: Budgets = Budgets()
    """How much an agent, a turn, a thread and a tenant may spend, and what happens at the limit."""
    entry: EntryPolicy = EntryPolicy()
    """What a request must keep to before a turn begins."""
    handoff: dict[str, tuple[HandoffRequirement, ...]] = {}
    """What must hold of the inputs of an agent before it runs, by agent."""
    guardrails: tuple[Guardrail, ...] = ()
    """What must not pass, and where it is looked for."""
    permissions: dict[str, Permissions] = {}
    """What each agent may use; an agent that is not named may use what it has."""
    tests: tuple[PolicyTest, ...] = ()
    """What it is to decide on given claims: `quorate policy test` tries them."""
    calibration: Calibration | None = None
    """What was learned of the agents' reliability; in a file the path of the artefact, relative to the policy file."""

    @field_validator("effects", mode="before")
    @classmethod
    def _name_effects(cls, effects: Any) -> Any:
        """Compile each, so that an error in an expression names its effect."""
        if not isinstance(effects, Mapping):
            return effects
        for name, terms in effects.items():
            try:
                EffectPolicy.model_validate(terms)
            except ValidationError:
                continue  # it will be found again, with its place
            except PolicyError as error:
                where = f"effects.{name}.{error.where}"
                raise PolicyError(where, got=error.got, expected=error.expected, fix=error.fix) from error
        return effects

    def model_post_init(self, context: Any, /) -> None:
        """Check that the names of the rules are unique, and that enough people may answer."""
        for key, parts in (("rules", self.rules), ("tests", self.tests), ("guardrails", self.guardrails)):
            twice = [name for name, count in Counter(part.name for part in parts).items() if count > 1]
            if twice:
                one = key.removesuffix("s")
                raise PolicyError(
                    key,
                    got=f"{twice[0]!r} twice",
                    expected=f"a name of its own for each {one}",
                    fix="rename one of them",
                )
        terms = {f"fields.{name}": each.reviewers for name, each in self.fields.items()}
        terms |= {f"effects.{name}": each.reviewers for name, each in self.effects.items()}
        most = self.review.most(self.review.to)
        for rule in self.rules:
            asked = self.review.most(rule.reviewers_from or rule.to or self.review.to)
            reviewers = max(rule.reviewers, self.review.reviewers)
            if reviewers > asked:
                raise PolicyError(
                    f"rule {rule.name!r}, reviewers",
                    got=f"{reviewers}" + ("" if rule.reviewers == reviewers else ", from `review.reviewers`"),
                    expected=f"at most {asked}: the rule asks no more people",
                    fix="name more people or roles, or ask for fewer",
                )
        for where, reviewers in {"defaults": self.defaults.reviewers, **terms}.items():
            if reviewers > most:
                raise PolicyError(
                    f"{where}.reviewers",
                    got=str(reviewers),
                    expected=f"at most {most}: `review` names no more people",
                    fix="name more in `review.to` or `review.escalate`, or ask for fewer",
                )

    def of(self, field: str) -> FieldPolicy:
        """The policy of a field: its own keys over the defaults."""
        return self._merged.get(field, self.defaults)

    def rules_for(self, field: str) -> tuple[Rule, ...]:
        """The rules about a field in the order in which they are asked: by priority, then as they stand."""
        return tuple(rule for rule in self._in_order if rule.is_about(field))

    def upstream(self, field: str) -> frozenset[str]:
        """The fields that the rules about a field look at; they are decided before it."""
        return frozenset().union(*(rule.upstream for rule in self.rules_for(field))) - {field}

    def with_rules(self, *rules: Rule) -> Policy:
        """The same policy with more rules after its own: those that are written in Python.

        Raises:
            PolicyError: Two rules have one name.
        """
        parts = {name: getattr(self, name) for name in type(self).model_fields}
        return Policy(**{**parts, "rules": (*self.rules, *rules)})

    @cached_property
    def _in_order(self) -> tuple[Rule, ...]:
        return tuple(sorted(self.rules, key=lambda rule: -rule.priority))

    @cached_property
    def _merged(self) -> dict[str, FieldPolicy]:
        return {name: self._over_defaults(own) for name, own in self.fields.items()}

    def _over_defaults(self, own: FieldPolicy) -> FieldPolicy:
        keys = {key: getattr(own, key) for key in own.model_fields_set}
        if "accept" in keys:
            keys = {"cost_of_error": None, "cost_of_review": None, **keys}  # its own threshold, not from their costs
        return self.defaults.model_copy(update=keys)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the policy's content, in hexadecimal; stored with each decision.

        A named field counts with the keys that it takes from the defaults.
        """
        content = self.model_dump(mode="json", exclude={"rules", "fields", "tests", "calibration"})
        if self.calibration is not None:
            content["calibration"] = self.calibration.digest
        for terms in content["effects"].values():
            if terms["compensate"] is False:
                del terms["compensate"]  # without it the policy has the digest that it had before there was one
        if self.budgets == Budgets():
            del content["budgets"]  # a policy without them has the digest that it had before there were any
        fields = {name: self.of(name).model_dump(mode="json") for name in self.fields}
        return digest({**content, "fields": fields, "rules": [rule.describe() for rule in self.rules]})

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, as of any pydantic model; what was worked out from the old content is not copied."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("_in_order", "_merged", "digest"):
            vars(copied).pop(name, None)
        return copied

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """The policy in a YAML file.

        Raises:
            PolicyError: The file cannot be read, or a key, a threshold or an expression in it is wrong; the
                message names the file and the key.
        """
        data = read_policy_file(path)
        return cls.parse(data, where=str(path), folder=Path(path).parent)

    @classmethod
    def parse(cls, data: Any, where: str = "policy", folder: str | Path = ".") -> Policy:
        """The policy in plain data, as `load` gives it.

        Args:
            data: The keys of the policy.
            where: Names its origin in errors.
            folder: What the path of a calibration is relative to.

        Raises:
            PolicyError: A key, a threshold or an expression in it is wrong.
        """
        if not isinstance(data, dict):
            raise PolicyError(where, got=type(data).__name__, expected="a mapping of keys", fix="start with `name:`")
        if repr(data.get("format", _FORMAT)) != repr(_FORMAT):
            raise PolicyError(
                f"{where}: format",
                got=repr(data["format"]),
                expected=str(_FORMAT),
                fix="upgrade quorate, or correct it",
            )
        try:
            if isinstance(data.get("calibration"), str):
                data = {**data, "calibration": Calibration.load(Path(folder) / data["calibration"])}
            if "guardrails" in data:
                data = {**data, "guardrails": read_lists(data["guardrails"], Path(folder))}
            return cls.model_validate(data)
        except ValidationError as error:
            raise _explain(where, data, error) from error
        except PolicyError as error:
            raise PolicyError(
                f"{where}: {error.where}", got=error.got, expected=error.expected, fix=error.fix
            ) from error


def _explain(where: str, data: Any, error: ValidationError) -> PolicyError:
    problems = error.errors(include_url=False)
    # A misspelt key leaves the one that was meant missing: what it is called is told first.
    first = next((each for each in problems if each["type"] == "extra_forbidden"), problems[0])
    place = ".".join(_path(data, first["loc"]))
    if first["type"] == "extra_forbidden":
        known = ", ".join(_keys_at(first["loc"][:-1]))
        return PolicyError(
            f"{where}: {place}",
            got=f"unknown key {first['loc'][-1]!r}",
            expected=f"one of {known}",
            fix="correct the key",
        )
    got = "nothing" if first["type"] == "missing" else f"{first['input']!r:.120}"
    wanted = "the path of a file" if place == "calibration" else first["msg"].removeprefix("Value error, ")
    wanted = f"{wanted[:1].lower()}{wanted[1:]}".replace("a valid tuple", "a list")  # what it quotes keeps its capitals
    return PolicyError(f"{where}: {place}", got=got, expected=wanted, fix="correct the value")


def _path(data: Any, place: tuple[int | str, ...]) -> Iterator[str]:
    """The keys of a place in the data, without what pydantic adds about the type that it tried."""
    for part in place:
        if isinstance(data, str) or not hasattr(data, "__getitem__"):
            return
        yield str(part)
        with suppress(LookupError, TypeError):  # the last key may not be there
            data = data[part]


def _keys_at(place: tuple[int | str, ...]) -> list[str]:
    within_test: dict[str, type[BaseModel]] = {"claims": StatedClaim, "expect": Expected}
    within_budgets: dict[str, type[BaseModel]] = {
        "agents": Budget,
        "turn": Budget,
        "thread": Budget,
        "tenant": TenantBudget,
        "prices": Price,
    }
    parts: dict[str, type[BaseModel]] = {
        "defaults": FieldPolicy,
        "fields": FieldPolicy,
        "rules": Rule,
        "effects": EffectPolicy,
        "review": ReviewPolicy,
        "bounds": Bounds,
        "entry": EntryPolicy,
        "handoff": HandoffRequirement,
        "guardrails": Guardrail,
        "permissions": Permissions,
        "calibration": Calibration,
        "budgets": within_budgets.get(str((*place, "", "")[1]), Budgets),
        "tests": within_test.get(str((*place, "", "", "")[2]), PolicyTest),
    }
    if place[:2] == ("review", "escalate"):
        return list(Rung.model_fields)
    if place[:2] == ("entry", "require"):
        return list(EntryRequirement.model_fields)
    model = parts.get(str(place[0]), Policy) if place else Policy
    return list(model.model_fields)
