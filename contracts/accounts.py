"""Accounts: the port that remembers what each tenant has spent, in all threads and processes."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from .budget import TenantBudget
from .spend import Spend

__all__ = ["Accounts"]


class Accounts(Protocol):
    """Reserves an amount on a tenant's account before a call, and settles it after the call.

    A call has a key, the same when it is made again after a crash. A key that is reserved twice before it is settled is
    reserved once: the process has died in between. Settled twice it counts once. What is reserved counts as spent until
    it is settled. Every method is durable when it returns and safe to call from several threads and processes; two
    reservations never share what is left. Times have a zone.
    """

    def reserve(self, key: str, *, tenant: str, amount: Spend, budget: TenantBudget, now: datetime) -> Spend | None:
        """Set an amount aside, if the budget has room for it.

        Args:
            key: Which call.
            tenant: On whose account.
            amount: The most that the call is expected to take.
            budget: The tenant's bounds, and the period over which they count.
            now: The time. What is spent counts in its hour.

        Returns:
            None where it is set aside; else what the account has spent, which leaves no room, and nothing is set aside.
        """
        ...

    def settle(self, key: str, *, spent: Spend) -> None:
        """Put what the call took in the place of what was reserved for it; nothing where nothing is reserved."""
        ...

    def spent(self, tenant: str, *, since: datetime | None = None) -> Spend:
        """What is spent and reserved on the account; since a time, from the hour in which it lies."""
        ...
