"""Optional: conditions that look up a field which may be decided to have no value."""

from __future__ import annotations

from collections.abc import Iterator

from ...contracts.annotation import is_optional
from ...contracts.cel import Call, Constant, Has, Index, Name, Node, Select, walk
from ...contracts.expression import Expression
from .finding import Finding
from .team_schema import TeamSchema

__all__ = ["check_optional"]


def check_optional(where: str, condition: Expression | None, team: TeamSchema) -> Iterator[Finding]:
    """Fields in `decided` that may stay empty, as their type says, where the condition does not ask for that.

    Args:
        where: The place of the condition, for the findings.
        condition: The condition; None for one in Python, of which nothing is found.
        team: Says which fields may stay empty.
    """
    if condition is None:
        return
    nodes = [(node, bound) for node, bound in walk(condition.tree) if "decided" not in bound]
    read = {name for node, _ in nodes if (name := _looked_up(node))}
    asked = {name for node, _ in nodes if (name := _asked(node))}
    for name in sorted(read - asked):
        if name in team.outcome and is_optional(team.outcome[name].annotation):
            yield Finding(
                "warning",
                "no-value",
                where,
                f"`decided.{name}`, which may have no value",
                "a condition that holds or not also then: one that fails leaves the matter to a person",
                f"begin it with `has(decided.{name}) &&`",
            )


def _looked_up(node: Node) -> str:
    match node:
        case Select(Name("decided"), name) | Index(Name("decided"), Constant(str(name))):
            return name
        case _:
            return ""


def _asked(node: Node) -> str:
    match node:
        case Has(Name("decided"), name) | Call("in", (Constant(str(name)), Name("decided"))):
            return name
        case _:
            return ""
