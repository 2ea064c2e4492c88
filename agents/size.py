"""Size: how much an agent returned, and whether that is more than it may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_json

from ..contracts import Claim, Contract, ContractError, Effect

__all__ = ["USAGES", "check_number", "check_size", "check_value"]

USAGES = 10_000
"""The most usages that an agent may tell of in one run."""

_NODES = 100_000
"""Parts of a value that are looked at before it is converted; what is larger for other reasons is found afterwards."""


def check_number(claims: int, usages: int, contract: Contract) -> None:
    """Check how many claims and effects, and how many usages, there are.

    Raises:
        ContractError: More than there may be.
    """
    for what, number, most, fix in (
        ("claims", claims, contract.limits.claims, "claim only the best candidates, or raise limits.claims"),
        ("usages", usages, USAGES, "yield one for each call of a model"),
    ):
        if number > most:
            raise ContractError(
                f"agent {contract.name!r}",
                got=f"more than {most} {what}",
                expected=f"at most {most}",
                fix=fix,
                code=what,
            )


def check_value(value: Any, contract: Contract) -> None:
    """Check, before a value is converted at great cost, that it is not larger than the agent may return at all.

    Raises:
        ContractError: It is.
    """
    least = _least(value, contract.limits.size)
    if least > contract.limits.size:
        raise _too_large(contract, f"at least {least:,} bytes in one value")


def check_size(things: Iterable[Claim | Effect], contract: Contract) -> None:
    """Check that all together are not larger than the agent may return.

    Args:
        things: The claims and effects, as plain data.
        contract: The agent's contract.

    Raises:
        ContractError: They are.
    """
    size = sum(len(to_json(thing)) for thing in things)
    if size > contract.limits.size:
        raise _too_large(contract, f"{size:,} bytes of claims and effects")


def _too_large(contract: Contract, got: str) -> ContractError:
    return ContractError(
        f"agent {contract.name!r}",
        got=got,
        expected=f"at most {contract.limits.size:,}",
        fix="claim a reference to what is large, or raise limits.size",
        code="size",
    )


def _least(value: Any, most: int) -> int:
    """A number of bytes that the value's JSON text has at least, counted to a little more than the most."""
    size, seen, left = 0, 0, [value]
    while left and size <= most and seen < _NODES:
        each = left.pop()
        seen += 1
        if isinstance(each, str | bytes):
            size += len(each)
        elif isinstance(each, dict):
            size += 5 * len(each)  # of each item two quotes, a colon, a comma, and one sign at least
            left.extend(each.values() if size <= most and len(each) <= _NODES else ())
        elif isinstance(each, list | tuple):
            size += 2 * len(each)
            left.extend(each if size <= most and len(each) <= _NODES else ())
        else:
            size += 1
    return size
