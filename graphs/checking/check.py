"""Check: all that can be found wrong with a policy without deciding anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...contracts import Policy, Rule
from ..trial import Trial
from .clash import check_clashes
from .effect_setting import EffectSetting
from .finding import Finding
from .gates import check_gates
from .names import check_names
from .optional import check_optional
from .reach import check_reach
from .setting import Setting
from .team_schema import TeamSchema
from .terms import check_terms
from .types import check_types
from .votes import check_votes

__all__ = ["check_policy"]


def check_policy(policy: Policy, team: TeamSchema | None = None, trials: Iterable[Trial] = ()) -> tuple[Finding, ...]:
    """What is wrong with a policy, or looks so: errors first, each in the order of the rules.

    Conditions in Python are not seen through.

    Args:
        policy: The policy.
        team: The names and types of its team; without it nothing is said about names and types.
        trials: What came of its tests, so that rules which no test applies are found.
    """
    rules = tuple(sorted(policy.rules, key=lambda rule: -rule.priority))
    found = [*(check_names(policy, team) if team else ())]
    for rule in policy.rules:
        found += check_types(f"rule {rule.name!r}, when", rule.expression, Setting(rule, team))
        found += check_optional(f"rule {rule.name!r}, when", rule.expression, team) if team else ()
        found += _unused(rule)
    for name, effect in policy.effects.items():
        where = f"effects.{name}.approve"
        found += check_types(where, effect.expression, EffectSetting(name, team))
        found += check_optional(where, effect.expression, team) if team else ()
    found += check_gates(policy, team)
    found += check_votes(policy, team) if team else ()
    found += check_terms(policy)
    wrong = {each.where for each in found if each.level == "error"}
    found += (each for each in check_reach(rules, team) if each.where not in wrong)
    found += check_clashes(policy, rules, team)
    found += _untested(policy, trials)
    places = {f"rule {rule.name!r}": at for at, rule in enumerate(policy.rules)}
    return tuple(
        sorted(
            dict.fromkeys(found),
            key=lambda each: (each.level != "error", places.get(each.where.split(", ")[0], -1)),
        )
    )


def _unused(rule: Rule) -> Iterator[Finding]:
    if rule.value is not None and rule.then != "force":
        yield Finding(
            "warning",
            "unused",
            f"rule {rule.name!r}, value",
            f"`value` with `then: {rule.then}`",
            "it with `then: force` only",
            "take it out, or write `then: force`",
        )


def _untested(policy: Policy, trials: Iterable[Trial]) -> Iterator[Finding]:
    applied = {name for trial in trials if trial.decision for name in trial.decision.rules}
    for rule in policy.rules:
        if rule.name not in applied:
            yield Finding(
                "warning",
                "untested",
                f"rule {rule.name!r}",
                "no test in which it applies",
                "one under `tests`",
                "write one with claims of which it holds",
            )
