"""Names: what a policy speaks of that its team does not have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any

from ...contracts import FieldPolicy, Policy, Rule
from ...contracts.cel import Call, Constant, Index, Items, Name, Node, Select, walk
from ...contracts.expression import Expression
from .effect_setting import EffectSetting
from .finding import Finding
from .setting import Setting
from .surroundings import Surroundings
from .team_schema import TeamSchema
from .types import path_of

__all__ = ["check_names", "unknown"]

_USAGE = ("runs", "seconds", "tokens")
_SOURCES = ("items", "passage", "quote")


def check_names(policy: Policy, team: TeamSchema) -> Iterator[Finding]:
    """Fields, agents and effects that a policy names and that the team does not have; forced values of another type."""
    for name, terms in policy.fields.items():
        yield from unknown(f"fields.{name}", "field", name, team.outcome)
        yield from _terms(f"fields.{name}", terms, team)
        writers = len(team.writers.get(name, ()))
        if name in team.outcome and terms.quorum > writers:
            yield Finding(
                "error",
                "unknown",
                f"fields.{name}.quorum",
                f"a quorum of {terms.quorum}",
                f"at most {writers}, the number of agents that write {name!r}",
                "lower it, add an agent, or set `review: always`",
            )
    yield from _terms("defaults", policy.defaults, team)
    for name, effect in policy.effects.items():
        yield from unknown(f"effects.{name}", "effect", name, team.effects)
        if effect.expression is not None:
            where = f"effects.{name}.approve"
            for field in sorted(effect.upstream):
                yield from unknown(where, "field", field, team.outcome)
            yield from _condition(where, effect.expression, EffectSetting(name, team), team)
    for rule in policy.rules:
        yield from _rule(rule, team)
    yield from _gates(policy, team)
    yield from _agents("budgets.agents", policy.budgets.agents, team)
    for test in policy.tests:
        yield from _agents(f"test {test.name!r}, claims", [each.agent for each in test.claims], team)
        if test.effect:
            yield from unknown(f"test {test.name!r}, effect", "effect", test.effect, team.effects)
            yield from _agents(f"test {test.name!r}, agent", [test.agent] if test.agent else [], team)


def _terms(where: str, terms: FieldPolicy, team: TeamSchema) -> Iterator[Finding]:
    yield from _agents(f"{where}.weights", terms.weights, team)
    yield from _agents(f"{where}.veto", terms.veto, team)
    if terms.context:
        yield from unknown(f"{where}.context", "field of the request", terms.context, team.request)


def _gates(policy: Policy, team: TeamSchema) -> Iterator[Finding]:
    yield from _agents("handoff", policy.handoff, team)
    yield from _agents("permissions", policy.permissions, team)
    for guardrail in policy.guardrails:
        yield from _agents(f"guardrail {guardrail.name!r}, agents", guardrail.agents, team)
    for agent, permissions in policy.permissions.items():
        for name in permissions.effects:
            if name != "*":
                yield from unknown(f"permissions.{agent}.effects", "effect", name, team.effects)


def _rule(rule: Rule, team: TeamSchema) -> Iterator[Finding]:
    where = f"rule {rule.name!r}"
    for name in rule.fields:
        if name != "*":
            yield from unknown(f"{where}, field", "field", name, team.outcome)
    yield from _agents(f"{where}, agent", rule.agents, team)
    for name in sorted(rule.upstream):
        yield from unknown(f"{where}, when", "field", name, team.outcome)
    if rule.expression is not None:
        yield from _condition(f"{where}, when", rule.expression, Setting(rule, team), team)
    if rule.then == "force":
        for name in team.outcome if "*" in rule.fields else rule.fields:
            if name in team.outcome:
                yield from _forced(rule, name, team)


def _forced(rule: Rule, name: str, team: TeamSchema) -> Iterator[Finding]:
    try:
        team.outcome[name].plain(rule.value)
    except ValueError:
        yield Finding(
            "error",
            "type",
            f"rule {rule.name!r}, value",
            "nothing" if rule.value is None else repr(rule.value),
            f"a value of the type of {name!r}",
            "correct `value`",
        )


def _condition(where: str, condition: Expression, setting: Surroundings, team: TeamSchema) -> Iterator[Finding]:
    lists: dict[str, tuple[str, Collection[str]]] = {
        "agent": ("agent", team.agents),
        "agents": ("agent", team.agents),
        "field": ("field", team.outcome),
        "sources": ("kind of evidence", _SOURCES),
    }
    for part, bound in walk(condition.tree):
        if isinstance(part, Select | Index):
            yield from _path(part, bound, where, team, setting)
        if isinstance(part, Call) and part.name in ("==", "!=", "in"):
            for one, other in (part.args, part.args[::-1]):
                if isinstance(one, Name) and one.name in lists and one.name not in bound:
                    kind, known = lists[one.name]
                    for text in _texts(other):
                        yield from unknown(where, kind, text, known)


def _path(
    part: Select | Index, bound: frozenset[str], where: str, team: TeamSchema, setting: Surroundings
) -> Iterator[Finding]:
    match part:
        case Select(Name(root), field) | Index(Name(root), Constant(str(field))) if root not in bound:
            known: dict[str, tuple[str, Collection[str]]] = {
                "request": ("field of the request", team.request),
                "usage": ("part of usage", _USAGE),
                "decided": ("field", {field}),  # it is looked up with the rule's other fields
            }
            if root in known:
                yield from unknown(where, known[root][0], field, known[root][1])
                return
    within = part.operand
    if path_of(part) and not bound and not setting.is_missing(within) and setting.is_missing(part):
        kinds = setting.kinds(within)
        if kinds and "map" in kinds:
            yield Finding(
                "error",
                "unknown",
                where,
                path_of(part),
                f"a key that {path_of(within)} has",
                "correct the name",
            )


def _texts(node: Node) -> list[str]:
    nodes = node.items if isinstance(node, Items) else (node,)
    return [each.value for each in nodes if isinstance(each, Constant) and isinstance(each.value, str)]


def _agents(where: str, names: Collection[str], team: TeamSchema) -> Iterator[Finding]:
    for name in sorted(set(names)):
        yield from unknown(where, "agent", name, team.agents)


def unknown(where: str, kind: str, name: str, known: Collection[Any]) -> Iterator[Finding]:
    """The finding that a name is none of those that are known; none where it is."""
    if name in known:
        return
    close = get_close_matches(name, list(known), n=1)
    listed = ", ".join(sorted(known)[:12]) + (", …" if len(known) > 12 else "")
    yield Finding(
        "error",
        "unknown",
        where,
        f"the {kind} {name!r}",
        f"one of {listed}" if known else "none: the team has none",
        f"write {close[0]!r}, if that is meant" if close else "correct the name",
    )
