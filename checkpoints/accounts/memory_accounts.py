"""MemoryAccounts: the accounts of one process, for tests and notebooks."""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from ...contracts import Spend, TenantBudget
from .account import FIRST, checked_tenant, has_room, hour_of, hour_since

__all__ = ["MemoryAccounts"]


class MemoryAccounts:
    """Accounts that end with the process."""

    def __init__(self) -> None:
        self._hours: dict[tuple[str, str], Spend] = {}
        self._reserved: dict[str, tuple[str, str, Spend]] = {}
        self._lock = Lock()

    def reserve(self, key: str, *, tenant: str, amount: Spend, budget: TenantBudget, now: datetime) -> Spend | None:
        """Set an amount aside, if the budget has room for it; else what is spent. A key twice is once."""
        hour = hour_of(now)
        with self._lock:
            if key in self._reserved:
                return None
            spent = self._sum(checked_tenant(tenant), hour_since(now, budget.period))
            if not has_room(budget, spent, amount):
                return spent
            self._reserved[key] = tenant, hour, amount
            self._add(tenant, hour, amount)
            return None

    def settle(self, key: str, *, spent: Spend) -> None:
        """Put what the call took in the place of what was reserved for it; nothing where nothing is reserved."""
        with self._lock:
            if key in self._reserved:
                tenant, hour, amount = self._reserved.pop(key)
                self._add(tenant, hour, spent - amount)

    def spent(self, tenant: str, *, since: datetime | None = None) -> Spend:
        """What is spent and reserved on the account; since a time, from the hour in which it lies."""
        with self._lock:
            return self._sum(checked_tenant(tenant), FIRST if since is None else hour_of(since))

    def _sum(self, tenant: str, since: str) -> Spend:
        return Spend.total(amount for (name, hour), amount in self._hours.items() if name == tenant and hour >= since)

    def _add(self, tenant: str, hour: str, amount: Spend) -> None:
        self._hours[tenant, hour] = self._hours.get((tenant, hour), Spend()) + amount
