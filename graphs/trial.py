"""Trial: the tests of a policy, tried on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any

from pydantic_core import to_jsonable_python

from ..contracts import Canonical, Claim, Decision, Field, Policy, PolicyError, PolicyTest, first_problem
from ..contracts.equality import key_of
from .mediation import decide
from .rules import NO_USAGE, Context

__all__ = ["Difference", "Trial", "try_policy"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as a test expects it."""

    key: str
    """Which key of the test: `status`, `claims.0.value`."""
    got: str
    """What came."""
    expected: str
    """What was expected."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one test."""

    test: PolicyTest
    """The test."""
    decision: Decision | None
    """The decision; None where the test is of an effect, or itself wrong."""
    differences: tuple[Difference, ...]
    """What is not as expected; none where the test is passed."""

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return not self.differences


def _number_or_text(value: Any) -> str:
    """What equal values share where their type is not known: 12 and 12.0 are one number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return key_of(Decimal(str(value)) if is_number else value)


_ANY = Annotated[Any, Canonical(_number_or_text)]


class _WrongTestError(Exception):
    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.key)
        self.difference = difference


def try_policy(
    policy: Policy, outcome: Mapping[str, Field] | None = None, request: Mapping[str, Field] | None = None
) -> Iterator[Trial]:
    """What comes of each test of a policy, in order.

    Args:
        policy: The policy, with its tests.
        outcome: The fields that a team decides; without it any field may be named, and values are taken as they stand.
        request: The fields of the team's request; without it the request is taken as it stands.
    """
    for test in policy.tests:
        try:
            attempt = _try_effect if test.effect else _try
            yield attempt(policy, test, outcome, request)
        except _WrongTestError as wrong:
            yield Trial(test, None, (wrong.difference,))


def _try(
    policy: Policy, test: PolicyTest, outcome: Mapping[str, Field] | None, request: Mapping[str, Field] | None
) -> Trial:
    field = _field(outcome, test.field, "field")
    claims = [
        Claim(
            test.field,
            _plain(field, each.value, f"claims.{at}.value"),
            each.confidence,
            each.evidence,
            each.reason,
            agent=each.agent,
            person=each.person,
            sequence=at,
        )
        for at, each in enumerate(test.claims)
    ]
    asked, decided = _surroundings(test, outcome, request)
    decision = decide(field, claims, policy, Context(asked, decided, {**NO_USAGE, **test.usage}))
    return Trial(test, decision, tuple(_explained(_differences(test, field, decision), decision.reason)))


def _try_effect(
    policy: Policy, test: PolicyTest, outcome: Mapping[str, Field] | None, request: Mapping[str, Field] | None
) -> Trial:
    asked, decided = _surroundings(test, outcome, request)
    variables = {"name": test.effect, "args": test.args, "agent": test.agent, "request": asked, "decided": decided}
    terms, why = policy.effects.get(test.effect), ""
    try:
        approved = terms.approves(variables) if terms else False
    except PolicyError as error:
        approved, why = False, f" ({error})"
    if approved is test.expect.approved:
        return Trial(test, None, ())
    return Trial(test, None, (Difference("approved", f"{_yes_no(approved)}{why}", _yes_no(not approved)),))


def _surroundings(
    test: PolicyTest, outcome: Mapping[str, Field] | None, request: Mapping[str, Field] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The request as plain data, and the typed values of what is decided."""
    asked = {
        name: _plain(_field(request, name, "request"), value, f"request.{name}") for name, value in test.request.items()
    }
    return asked, {name: _typed(_field(outcome, name, "decided"), value, name) for name, value in test.decided.items()}


def _field(fields: Mapping[str, Field] | None, name: str, key: str) -> Field:
    if fields is None:
        return Field(name, _ANY)
    if name not in fields:
        raise _WrongTestError(Difference(key, repr(name), f"one of {', '.join(fields)}"))
    return fields[name]


def _plain(field: Field, value: Any, key: str) -> Any:
    try:
        return to_jsonable_python(value) if field.annotation is _ANY else field.plain(value)
    except ValueError as error:
        raise _WrongTestError(Difference(key, repr(value), first_problem(error))) from error


def _typed(field: Field, value: Any, name: str) -> Any:
    return field.parse(_plain(field, value, f"decided.{name}"))


def _differences(test: PolicyTest, field: Field, decision: Decision) -> Iterator[Difference]:
    expect = test.expect
    for key in ("status", "by", "rules", "reviewers", "to"):
        wanted, got = getattr(expect, key), getattr(decision, key)
        if wanted is not None and wanted != got:
            yield Difference(key, _shown(got), _shown(wanted))
    if "value" in expect.model_fields_set:
        wanted = None if expect.value is None else _plain(field, expect.value, "expect.value")
        if _key(field, wanted) != _key(field, decision.value):
            yield Difference("value", _shown(decision.value), _shown(wanted))


def _explained(differences: Iterator[Difference], reason: str) -> Iterator[Difference]:
    """The differences, the first one with why the decision is as it is."""
    for at, each in enumerate(differences):
        yield each if at else replace(each, got=f"{each.got} ({reason})")


def _key(field: Field, value: Any) -> str | None:
    return None if value is None else field.key(value)


def _yes_no(approved: bool) -> str:
    return "yes" if approved else "no: a person is asked"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "no value" if value is None else str(value)
