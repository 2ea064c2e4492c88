"""Action: agents that propose an effect on the outside world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from typing_extensions import Unpack

from ..contracts import Contract, ContractError, Effect
from .agent import Agent
from .options import Options

__all__ = ["effect_agent"]


def effect_agent(
    name: str,
    effect: str,
    *,
    reads: Iterable[str],
    writes: str,
    identity: Iterable[str] = (),
    args: Callable[[Mapping[str, Any]], Mapping[str, Any] | None] | None = None,
    reason: str = "",
    **options: Unpack[Options],
) -> Agent:
    """An agent that proposes one effect with the fields that it reads. It executes nothing itself.

    Args:
        name: Name of the agent.
        effect: Name of the receiver, such as `post`.
        reads: Fields that it needs.
        writes: The field that the receiver's answer is claimed for.
        identity: The fields, of those that it reads, that make two effects the same; none means all the arguments.
        args: From the fields to the arguments, or to None for no effect; by default the fields themselves.
        reason: One line for the person who approves.
        **options: `version`, `tier`, `limits`, `owner`, `provider` and `instead_of`, as in `Contract`.

    Raises:
        ContractError: `identity` names a field that it does not read.
    """
    contract = Contract(name=name, reads=frozenset(reads), writes=frozenset({writes}), capability="action", **options)
    same = tuple(identity)
    if not contract.reads.issuperset(same):
        raise ContractError(
            f"agent {name!r}, identity",
            got=", ".join(sorted(set(same) - contract.reads)),
            expected=f"some of the fields that it reads: {', '.join(sorted(contract.reads))}",
            fix="correct the name, or add it to `reads`",
        )

    def call(**fields: Any) -> Effect | None:
        arguments = fields if args is None else args(fields)
        return None if arguments is None else Effect(effect, arguments, same, reason)

    return Agent(contract, call=call)
