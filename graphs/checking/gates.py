"""Gates: requirements of the entry and of handoffs that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...contracts import Field, Policy
from ...contracts.cel import Constant, Has, Index, Name, Select, walk
from ...contracts.gate import Requirement
from .finding import Finding
from .gate_setting import GateSetting
from .names import unknown
from .team_schema import TeamSchema
from .types import check_types

__all__ = ["check_gates"]


def check_gates(policy: Policy, team: TeamSchema | None) -> Iterator[Finding]:
    """Requirements that name a field which is not there, compare what cannot be compared, or are not true or false."""
    for each in policy.entry.require:
        where = f"entry.require {each.name!r}, that"
        yield from _requirement(where, each, "request", team.request if team else None)
    for agent, requirements in policy.handoff.items():
        for requirement in requirements:
            where = f"handoff.{agent} {requirement.name!r}, that"
            yield from _requirement(where, requirement, "inputs", team.inputs.get(agent) if team else None)


def _requirement(
    where: str, requirement: Requirement, variable: str, fields: Mapping[str, Field] | None
) -> Iterator[Finding]:
    found: list[Finding] = []
    for part, bound in walk(requirement.expression.tree) if fields is not None else ():
        match part:
            case Select(Name(name), field) | Has(Name(name), field) | Index(Name(name), Constant(str(field))):
                if name == variable and name not in bound:
                    found += unknown(where, f"field of {variable}", field, fields or ())
    yield from found
    if not found:
        yield from check_types(where, requirement.expression, GateSetting(variable, fields))
