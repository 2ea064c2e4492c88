"""Account: the rules that every store of accounts keeps, wherever it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ...contracts import InputError, Spend, TenantBudget

__all__ = ["FIRST", "checked_tenant", "has_room", "hour_of", "hour_since"]

FIRST = ""
"""Before every hour."""
_ROUNDING = 1e-9


def hour_of(moment: datetime) -> str:
    """The hour of a time, in UTC; as texts, hours compare as they are."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


def hour_since(now: datetime, period: timedelta | None) -> str:
    """The first hour that counts in a period up to now."""
    if period is None:
        return FIRST
    try:
        return hour_of(now - period)
    except OverflowError:
        return FIRST


def has_room(budget: TenantBudget, spent: Spend, amount: Spend) -> bool:
    """Whether an amount can be set aside of what is left; of a unit that it takes nothing of, always."""
    return all(not amount.of(unit) or amount.of(unit) <= left + _ROUNDING for unit, left in budget.left(spent).items())


def checked_tenant(tenant: str) -> str:
    """The tenant's name, if it is text that can be stored.

    Raises:
        InputError: It holds half of a surrogate pair.
    """
    try:
        tenant.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            "tenant", got=f"the name {tenant!r}, with half of a surrogate pair", expected="text", fix="correct the name"
        ) from error
    return tenant
