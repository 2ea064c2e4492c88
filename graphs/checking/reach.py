"""Reach: conditions that are always or never true, and rules that are never asked or change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...contracts import Rule
from ...contracts.cel import Constant
from ...contracts.rule import FIRST_MATCH
from .finding import Finding
from .logic import can_hold, demand
from .setting import Setting
from .team_schema import TeamSchema

__all__ = ["check_reach", "covers", "is_never"]


def check_reach(rules: Sequence[Rule], team: TeamSchema | None) -> Iterator[Finding]:
    """What can never come to anything in rules, which stand in the order in which they are asked."""
    for at, rule in enumerate(rules):
        found = list(_alone(rule, team))
        yield from found
        if any(each.kind == "never" for each in found):
            continue
        before = next((other for other in rules[:at] if _hides(other, rule, team)), None)
        before = before or next((other for other in rules if _forbids_all(other, rule, team)), None)
        if before is not None:
            yield _unreachable(rule, before)


def is_never(rule: Rule, team: TeamSchema | None) -> bool:
    """Whether the rule's condition is provably never true."""
    if rule.expression is None:
        return False
    setting = Setting(rule, team)
    return setting.agents == () or not can_hold([demand(rule.expression.tree, True)], setting.domain)


def covers(other: Rule, rule: Rule, team: TeamSchema | None) -> bool:
    """Whether another rule provably holds wherever a rule does: for its fields, its agents, and its condition."""
    if not ("*" in other.fields or set(rule.fields) <= set(other.fields)):
        return False
    if other.agents and not (rule.agents and rule.agents <= other.agents):
        return False
    if other.expression is None or rule.expression is None:
        return other.when is rule.when
    demands = [demand(rule.expression.tree, True), demand(other.expression.tree, False)]
    if (
        other.expression.tree == rule.expression.tree
        and other.expression.source.split() == rule.expression.source.split()
    ):
        return True
    return not can_hold(demands, Setting(rule, team).domain)


def _alone(rule: Rule, team: TeamSchema | None) -> Iterator[Finding]:
    if rule.expression is None:
        return
    setting = Setting(rule, team)
    where, source = f"rule {rule.name!r}, when", rule.expression.source
    if setting.agents == ():
        yield Finding(
            "error",
            "never",
            f"rule {rule.name!r}, agent",
            ", ".join(sorted(rule.agents)) or "no agent",
            f"an agent that writes {' or '.join(setting.fields or ())}",
            "correct `agent` or `field`",
        )
    elif is_never(rule, team):
        yield Finding(
            "error",
            "never",
            where,
            f"{source}, which is never true",
            "a condition that can be true",
            "correct it, or take the rule out",
        )
    elif not isinstance(rule.expression.tree, Constant) and not can_hold(
        [demand(rule.expression.tree, False)], setting.domain
    ):
        yield Finding(
            "warning",
            "always",
            where,
            f"{source}, which is never false",
            "a condition that can be false",
            "write `true` if it is meant, else correct it",
        )


def _hides(other: Rule, rule: Rule, team: TeamSchema | None) -> bool:
    """Whether a rule of higher precedence leaves nothing for a rule to do."""
    if other.then != rule.then or is_never(other, team):
        return False
    if rule.then == "review" and (rule.reviewers > other.reviewers or rule.reviewers_from):
        return False
    if rule.then in ("veto", "review"):  # another reason is worth something
        return not rule.reason and covers(other, rule, team)
    return covers(other, rule, team)


def _forbids_all(other: Rule, rule: Rule, team: TeamSchema | None) -> bool:
    """Whether the claims that a rule is about are forbidden before it is asked."""
    return other.then == "forbid" and rule.then in ("prefer", "veto") and covers(other, rule, team)


def _unreachable(rule: Rule, before: Rule) -> Finding:
    if before.then == "forbid" and rule.then != "forbid":
        what = f"{before.name!r} forbids all claims that it is about"
    elif rule.then in FIRST_MATCH:
        what = f"{before.name!r} comes first, and holds wherever it does"
    else:
        what = f"{before.name!r} does the same wherever it holds"
    return Finding(
        "error",
        "unreachable",
        f"rule {rule.name!r}",
        f"a rule that changes nothing: {what}",
        "a rule that can apply",
        f"give it a higher `priority`, or narrow {before.name!r}"
        if rule.then in FIRST_MATCH
        else "take it out, or widen it",
    )
