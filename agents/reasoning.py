"""Reasoning: agents that claim what written rules conclude from the fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import Unpack

from ..contracts import Capability, Claim, Contract, ContractError, PolicyError
from ..contracts.expression import Expression
from .agent import Agent
from .options import Options

__all__ = ["Case", "cases_agent"]


@dataclass(frozen=True, slots=True)
class Case:
    """A condition, and what to claim where it holds."""

    when: str
    """The condition: a CEL expression over the fields that the agent reads; `true` for a last resort."""
    then: Mapping[str, Any]
    """The value to claim, by field."""
    confidence: float = 0.5
    """Confidence of the claims, in [0, 1]."""
    reason: str = ""
    """Why, in one line; by default the condition."""


def cases_agent(
    name: str,
    cases: Iterable[Case],
    *,
    reads: Iterable[str],
    writes: Iterable[str] | Mapping[str, Any],
    first: bool = True,
    capability: Capability = "reasoning",
    **options: Unpack[Options],
) -> Agent:
    """An agent that claims what the cases conclude whose condition holds; it abstains where none does.

    In a condition decimals are doubles, dates and times ISO 8601 text, models maps, an empty field null.

    Args:
        name: Name of the agent.
        cases: The cases, in the order in which they are asked.
        reads: Fields that the conditions may name.
        writes: Fields that the cases may claim, or a mapping from field to type.
        first: Whether the first case that holds is the only one; else every case that holds claims.
        capability: What it is for.
        **options: `version`, `tier`, `limits`, `owner`, `provider` and `instead_of`, as in `Contract`.

    Raises:
        ContractError: There is no case, a condition does not compile or names what the agent does not read, a case
            claims what the agent does not write, or a confidence is outside [0, 1]. While it runs: a condition
            cannot be evaluated on the values, or is not true or false.
    """
    contract = Contract(
        name=name,
        reads=frozenset(reads),
        writes=frozenset(writes),
        capability=capability,
        types=writes if isinstance(writes, Mapping) else {},
        **options,
    )
    compiled = [_compiled(case, number, contract) for number, case in enumerate(cases, start=1)]
    if not compiled:
        raise ContractError(f"agent {name!r}", got="no case", expected="at least one", fix="pass a list of Case")

    def call(**fields: Any) -> Iterator[Claim]:
        for case, condition in compiled:
            if _holds(condition, fields):
                for field, value in case.then.items():
                    yield Claim(field, value, case.confidence, reason=case.reason or f"because {case.when}")
                if first:
                    return

    return Agent(contract, call=call)


def _compiled(case: Case, number: int, contract: Contract) -> tuple[Case, Expression]:
    where = f"agent {contract.name!r}, case {number}"
    unknown = set(case.then) - contract.writes
    if unknown or not case.then:
        raise ContractError(
            where,
            got=f"then {', '.join(sorted(unknown)) or 'nothing'}",
            expected=f"values for {', '.join(sorted(contract.writes))}",
            fix="correct the field, or add it to `writes`",
        )
    if not 0 <= case.confidence <= 1:
        raise ContractError(
            where, got=f"confidence {case.confidence!r}", expected="a number in [0, 1]", fix="correct it"
        )
    try:
        return case, Expression(case.when, contract.reads, where=where)
    except PolicyError as error:
        raise _as_contract_error(error) from error


def _holds(condition: Expression, fields: Mapping[str, Any]) -> bool:
    try:
        return condition.holds(fields)
    except PolicyError as error:
        raise _as_contract_error(error) from error


def _as_contract_error(error: PolicyError) -> ContractError:
    return ContractError(error.where, got=error.got, expected=error.expected, fix=error.fix)
