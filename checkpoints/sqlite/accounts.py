"""SqliteAccounts: the accounts of tenants in a SQLite file."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ...contracts import Spend, TenantBudget
from ..accounts.account import FIRST, has_room, hour_of, hour_since
from ..accounts.account_row import AccountNames
from ..accounts.amount import COLUMNS, Amount
from ..sealing.seal import Plain, Sealer

if TYPE_CHECKING:
    from sqlite_utils import Database

    from .file import SqliteFile

__all__ = ["SqliteAccounts"]

_AMOUNT = ", ".join(f"{column} INTEGER NOT NULL" for column in COLUMNS)
_CREATE = f"""
CREATE TABLE IF NOT EXISTS quorate_accounts (
    tenant TEXT NOT NULL, hour TEXT NOT NULL, {_AMOUNT}, sealed BLOB, PRIMARY KEY (tenant, hour)
)
"""
_CREATE_RESERVED = f"""
CREATE TABLE IF NOT EXISTS quorate_reserved (
    key TEXT PRIMARY KEY NOT NULL, tenant TEXT NOT NULL, hour TEXT NOT NULL, {_AMOUNT}
)
"""
_NAMES = ", ".join(COLUMNS)
_SUMS = ", ".join(f"COALESCE(SUM({column}), 0)" for column in COLUMNS)
_ADDED = ", ".join(f"{column} = {column} + excluded.{column}" for column in COLUMNS)
_ADD = (
    f"INSERT INTO quorate_accounts (tenant, hour, {_NAMES}, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)"
    f" ON CONFLICT (tenant, hour) DO UPDATE SET {_ADDED}"
)


class SqliteAccounts:
    """The accounts of tenants in a SQLite file: `quorate_accounts` by the hour, `quorate_reserved` by the call.

    In an encrypted file the column `tenant` holds what the key makes of the name; amounts and hours stay as they are.
    Every method raises DatabaseError where the file cannot be read or written.

    Args:
        file: The file.
        sealer: What seals the names of tenants; by default nothing.
    """

    def __init__(self, file: SqliteFile, sealer: Sealer | None = None) -> None:
        self._file = file
        self._names = AccountNames(sealer or Plain())

    @staticmethod
    def create(database: Database) -> None:
        """Make the tables."""
        database.execute(_CREATE)
        database.execute(_CREATE_RESERVED)

    def reserve(self, key: str, *, tenant: str, amount: Spend, budget: TenantBudget, now: datetime) -> Spend | None:
        """Set an amount aside, if the budget has room for it; else what is spent. A key twice is once."""
        names, hour = self._names.names_of(tenant), hour_of(now)
        exact, sealed = Amount.of(amount), self._names.sealed(tenant)
        with self._file.transaction() as database:
            if database.execute("SELECT 1 FROM quorate_reserved WHERE key = ?", (key,)).fetchone():
                return None
            spent = _sum(database, names, hour_since(now, budget.period))
            if not has_room(budget, spent, amount):
                return spent
            database.execute(_ADD, (names[0], hour, *exact, sealed))
            database.execute(
                f"INSERT INTO quorate_reserved (key, tenant, hour, {_NAMES}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, names[0], hour, *exact),
            )
        return None

    def settle(self, key: str, *, spent: Spend) -> None:
        """Put what the call took in the place of what was reserved for it; nothing where nothing is reserved."""
        with self._file.transaction() as database:
            row = database.execute(
                f"SELECT tenant, hour, {_NAMES} FROM quorate_reserved WHERE key = ?", (key,)
            ).fetchone()
            if row is None:
                return
            name, hour, *amount = row
            rest = Amount.of(spent).minus(Amount(*amount))
            assignments = ", ".join(f"{column} = {column} + ?" for column in COLUMNS)
            database.execute(
                f"UPDATE quorate_accounts SET {assignments} WHERE tenant = ? AND hour = ?", (*rest, name, hour)
            )
            database.execute("DELETE FROM quorate_reserved WHERE key = ?", (key,))

    def spent(self, tenant: str, *, since: datetime | None = None) -> Spend:
        """What is spent and reserved on the account; since a time, from the hour in which it lies."""
        with self._file.reading() as database:
            return _sum(database, self._names.names_of(tenant), FIRST if since is None else hour_of(since))

    def seal_anew(self, after: str, limit: int) -> str | None:
        """Store rows anew, of those of names after `after`, that are not as they would be stored today.

        Args:
            after: Where to go on; empty at first.
            limit: How many accounts to look at.

        Returns:
            The last name that was looked at; None where there was none.
        """
        with self._file.transaction() as database:
            return self.seal_some(database, self._names.sealer, after, limit)

    @staticmethod
    def seal_some(database: Database, sealer: Sealer, after: str, limit: int) -> str | None:
        """As `seal_anew`, within a transaction."""
        names = AccountNames(sealer)
        # Ordered by a mark before it: a run without a tenant has an empty name.
        rows = database.execute(
            "SELECT '/' || tenant, tenant, sealed FROM quorate_accounts WHERE '/' || tenant > ?"
            " GROUP BY tenant ORDER BY tenant LIMIT ?",
            (after, limit),
        ).fetchall()
        for _, name, sealed in rows:
            if not names.is_current(name, sealed):
                tenant = names.tenant_of(name, sealed)
                _rename(database, name, names.names_of(tenant)[0], names.sealed(tenant))
        return str(rows[-1][0]) if rows else None


def _sum(database: Database, names: tuple[str, ...], since: str) -> Spend:
    marks = ", ".join("?" * len(names))  # json_each would end a name at a NUL
    row = database.execute(
        f"SELECT {_SUMS} FROM quorate_accounts WHERE tenant IN ({marks}) AND hour >= ?", (*names, since)
    ).fetchone()
    return Amount(*row).spend


def _rename(database: Database, old: str, new: str, sealed: bytes | None) -> None:
    rows = database.execute(f"SELECT hour, {_NAMES} FROM quorate_accounts WHERE tenant = ?", (old,)).fetchall()
    database.execute("DELETE FROM quorate_accounts WHERE tenant = ?", (old,))
    for hour, *amount in rows:
        database.execute(_ADD, (new, hour, *amount, sealed))
    database.execute("UPDATE quorate_accounts SET sealed = ? WHERE tenant = ?", (sealed, new))
    database.execute("UPDATE quorate_reserved SET tenant = ? WHERE tenant = ?", (new, old))
