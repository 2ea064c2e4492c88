"""Clash: parts of a policy that want different things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from pydantic_core import to_jsonable_python

from ...contracts import Policy, Rule, canonical_json
from ...contracts.cel import Name
from .finding import Finding
from .logic import apart, can_hold, demand, with_value
from .reach import covers, is_never
from .setting import Setting
from .team_schema import TeamSchema

__all__ = ["check_clashes"]

_SHARED = frozenset({"field", "request", "decided", "usage"})
"""Variables that are the same for every claim on a field."""


def check_clashes(policy: Policy, rules: Sequence[Rule], team: TeamSchema | None) -> Iterator[Finding]:
    """What two parts want that cannot both be had; the rules stand in the order in which they are asked."""
    living = [rule for rule in rules if not is_never(rule, team)]
    for one, other in combinations(living, 2):
        if not _fields(one, other) or one.expression is None or other.expression is None:
            continue
        if one.then == other.then == "force" and one.priority == other.priority:
            yield from _two_values(one, other, team)
        elif {one.then, other.then} == {"force", "forbid"}:
            force, forbid = (one, other) if one.then == "force" else (other, one)
            yield from _forbidden_value(force, forbid, team)
        elif one.then == other.then == "review":
            yield from _two_groups(one, other, team)
    for rule in living:
        if rule.then == "review":
            yield from _never_reviewed(policy, rule, team)


def _two_values(one: Rule, other: Rule, team: TeamSchema | None) -> Iterator[Finding]:
    fields = [name for name in _fields(one, other) if _key(one.value, name, team) != _key(other.value, name, team)]
    if not fields or not _both(one, other, team) or covers(one, other, team):
        return
    yield Finding(
        "error",
        "conflict",
        f"rule {other.name!r}",
        f"{_name(fields)} set to {_plain(other.value)}, where {one.name!r} may set it to {_plain(one.value)}",
        "conditions that exclude each other, or a `priority` that says which goes first",
        "now the first of the file wins: if that is meant, give it a higher `priority`",
    )


def _forbidden_value(force: Rule, forbid: Rule, team: TeamSchema | None) -> Iterator[Finding]:
    """A value that is set, although every claim of it would be forbidden."""
    assert force.expression is not None
    assert forbid.expression is not None
    if forbid.agents:
        return
    value = _condition_value(force, team)
    allowed = apart(with_value(demand(forbid.expression.tree, False), Name("value"), value), _SHARED)
    if can_hold([demand(force.expression.tree, True), allowed], Setting(force, team).domain):
        return
    yield Finding(
        "error",
        "conflict",
        f"rule {force.name!r}, value",
        f"{_plain(force.value)}, which {forbid.name!r} forbids",
        "a value that may be claimed",
        f"correct the value, or narrow {forbid.name!r}",
    )


def _two_groups(one: Rule, other: Rule, team: TeamSchema | None) -> Iterator[Finding]:
    groups = [frozenset(rule.reviewers_from) for rule in (one, other)]
    if not all(groups) or groups[0] == groups[1] or not _both(one, other, team):
        return
    first = other if other.reviewers > one.reviewers else one
    yield Finding(
        "warning",
        "conflict",
        f"rule {other.name!r}, reviewers_from",
        f"{_list(other.reviewers_from)}, where {one.name!r} asks {_list(one.reviewers_from)}",
        "the same people, or conditions that exclude each other",
        f"where both hold only {_list(first.reviewers_from)} are asked: name all of them in {first.name!r}",
    )


def _never_reviewed(policy: Policy, rule: Rule, team: TeamSchema | None) -> Iterator[Finding]:
    named = [name for name in rule.fields if name != "*"]
    if "*" in rule.fields:
        named = list(team.outcome) if team else list(policy.fields)
    never = [name for name in named if policy.of(name).review == "never"]
    if never:
        yield Finding(
            "warning",
            "conflict",
            f"rule {rule.name!r}",
            f"a review of {_name(never)}, whose terms say `review: never`",
            "fields that people look at",
            f"the rule wins: leave {_name(never)} out of it, or change `review` there",
        )


def _both(one: Rule, other: Rule, team: TeamSchema | None) -> bool:
    assert one.expression is not None
    assert other.expression is not None
    demands = [demand(one.expression.tree, True), demand(other.expression.tree, True)]
    return can_hold(demands, Setting(one, team).domain)


def _fields(one: Rule, other: Rule) -> tuple[str, ...]:
    if "*" in one.fields:
        return other.fields
    return one.fields if "*" in other.fields else tuple(name for name in one.fields if name in other.fields)


def _key(value: Any, field: str, team: TeamSchema | None) -> str:
    if team and field in team.outcome:
        try:
            return team.outcome[field].key(team.outcome[field].plain(value))
        except ValueError:
            pass  # it is found as a value of another type
    return canonical_json(to_jsonable_python(value))


def _condition_value(force: Rule, team: TeamSchema | None) -> Any:
    """The forced value as a condition sees it: a decimal as a number."""
    field = team.outcome.get(force.fields[0]) if team else None
    if field is None:
        return to_jsonable_python(force.value)
    try:
        typed = field.parse(force.value)
    except ValueError:
        return to_jsonable_python(force.value)
    return float(typed) if type(typed).__name__ == "Decimal" else to_jsonable_python(typed)


def _plain(value: Any) -> str:
    return canonical_json(to_jsonable_python(value))


def _name(fields: Sequence[str]) -> str:
    return ", ".join(repr(name) if name != "*" else "every field" for name in fields)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
