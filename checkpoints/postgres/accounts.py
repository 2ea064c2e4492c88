"""PostgresAccounts: the accounts of tenants in a Postgres database."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...contracts import Spend, TenantBudget
from ..accounts.account import FIRST, has_room, hour_of, hour_since
from ..accounts.account_row import AccountNames
from ..accounts.amount import COLUMNS, Amount
from ..sealing.seal import Plain, Sealer
from .text import stored, unstored

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

    from .server import PostgresServer

__all__ = ["PostgresAccounts"]

_AMOUNT = ", ".join(f"{column} bigint NOT NULL" for column in COLUMNS)
_CREATE = f"""
CREATE TABLE IF NOT EXISTS quorate_accounts (
    tenant text NOT NULL, hour text COLLATE "C" NOT NULL, {_AMOUNT}, sealed bytea, PRIMARY KEY (tenant, hour)
)
"""
_CREATE_RESERVED = f"""
CREATE TABLE IF NOT EXISTS quorate_reserved (
    key text PRIMARY KEY, tenant text NOT NULL, hour text COLLATE "C" NOT NULL, {_AMOUNT}
)
"""
_NAMES = ", ".join(COLUMNS)
_SUMS = ", ".join(f"COALESCE(SUM({column}), 0)::bigint AS {column}" for column in COLUMNS)
_ADDED = ", ".join(f"{column} = quorate_accounts.{column} + excluded.{column}" for column in COLUMNS)
_ADD = (
    f"INSERT INTO quorate_accounts (tenant, hour, {_NAMES}, sealed) VALUES (%s, %s, %s, %s, %s, %s, %s)"
    f" ON CONFLICT (tenant, hour) DO UPDATE SET {_ADDED}"
).encode()


class PostgresAccounts:
    """The accounts of tenants in a Postgres database: `quorate_accounts` by the hour, `quorate_reserved` by the call.

    In an encrypted database the column `tenant` holds what the key makes of the name; amounts and hours stay as they
    are. Every method raises DatabaseError where the database cannot be read or written.

    Args:
        server: The database.
        sealer: What seals the names of tenants; by default nothing.
    """

    def __init__(self, server: PostgresServer, sealer: Sealer | None = None) -> None:
        self._server = server
        self._names = AccountNames(sealer or Plain())

    @staticmethod
    def create(connection: Connection[DictRow]) -> None:
        """Make the tables."""
        connection.execute(_CREATE.encode())
        connection.execute(_CREATE_RESERVED.encode())

    def reserve(self, key: str, *, tenant: str, amount: Spend, budget: TenantBudget, now: datetime) -> Spend | None:
        """Set an amount aside, if the budget has room for it; else what is spent. A key twice is once."""
        names, hour = self._names.names_of(tenant), hour_of(now)
        exact, sealed = Amount.of(amount), self._names.sealed(tenant)
        with self._server.transaction() as connection:
            _lock(connection, names)
            if connection.execute("SELECT 1 FROM quorate_reserved WHERE key = %s", (stored(key),)).fetchone():
                return None
            spent = _sum(connection, names, hour_since(now, budget.period))
            if not has_room(budget, spent, amount):
                return spent
            connection.execute(_ADD, (stored(names[0]), hour, *exact, sealed))
            connection.execute(
                f"INSERT INTO quorate_reserved (key, tenant, hour, {_NAMES})"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)".encode(),
                (stored(key), stored(names[0]), hour, *exact),
            )
        return None

    def settle(self, key: str, *, spent: Spend) -> None:
        """Put what the call took in the place of what was reserved for it; nothing where nothing is reserved."""
        with self._server.transaction() as connection:
            row = connection.execute(
                f"DELETE FROM quorate_reserved WHERE key = %s RETURNING tenant, hour, {_NAMES}".encode(),
                (stored(key),),
            ).fetchone()
            if row is None:
                return
            rest = Amount.of(spent).minus(_amount(row))
            assignments = ", ".join(f"{column} = {column} + %s" for column in COLUMNS)
            connection.execute(
                f"UPDATE quorate_accounts SET {assignments} WHERE tenant = %s AND hour = %s".encode(),
                (*rest, row["tenant"], row["hour"]),
            )

    def spent(self, tenant: str, *, since: datetime | None = None) -> Spend:
        """What is spent and reserved on the account; since a time, from the hour in which it lies."""
        with self._server.transaction() as connection:
            return _sum(connection, self._names.names_of(tenant), FIRST if since is None else hour_of(since))

    def seal_anew(self, after: str, limit: int) -> str | None:
        """Store rows anew, of those of names after `after`, that are not as they would be stored today.

        Args:
            after: Where to go on; empty at first.
            limit: How many accounts to look at.

        Returns:
            The last name that was looked at; None where there was none.
        """
        with self._server.transaction() as connection:
            return self.seal_some(connection, self._names.sealer, after, limit)

    @staticmethod
    def seal_some(connection: Connection[DictRow], sealer: Sealer, after: str, limit: int) -> str | None:
        """As `seal_anew`, within a transaction."""
        names = AccountNames(sealer)
        # Ordered by a mark before it: a run without a tenant has an empty name.
        rows = connection.execute(
            "SELECT DISTINCT ON (tenant COLLATE \"C\") '/' || tenant AS place, tenant, sealed FROM quorate_accounts"
            ' WHERE (\'/\' || tenant) COLLATE "C" > %s ORDER BY tenant COLLATE "C" LIMIT %s',
            (stored(after), limit),
        ).fetchall()
        for row in rows:
            name = unstored(row["tenant"])
            if not names.is_current(name, row["sealed"]):
                tenant = names.tenant_of(name, row["sealed"])
                _rename(connection, row["tenant"], names.names_of(tenant)[0], names.sealed(tenant))
        return unstored(rows[-1]["place"]) if rows else None


def _lock(connection: Connection[DictRow], names: tuple[str, ...]) -> None:
    """Let two reservations on one account come one after the other, whatever keys they know it by."""
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (stored(f"quorate_accounts {min(names)}"),)
    )


def _sum(connection: Connection[DictRow], names: tuple[str, ...], since: str) -> Spend:
    row: Any = connection.execute(
        f"SELECT {_SUMS} FROM quorate_accounts WHERE tenant = ANY(%s) AND hour >= %s".encode(),
        ([stored(name) for name in names], since),
    ).fetchone()
    return _amount(row).spend


def _amount(row: DictRow) -> Amount:
    return Amount(*(int(row[column]) for column in COLUMNS))


def _rename(connection: Connection[DictRow], old: str, name: str, sealed: bytes | None) -> None:
    new = stored(name)
    # Settling takes a reservation first, then changes its account: in the same order here, neither waits for ever.
    connection.execute("UPDATE quorate_reserved SET tenant = %s WHERE tenant = %s", (new, old))
    rows = connection.execute(
        f"DELETE FROM quorate_accounts WHERE tenant = %s RETURNING hour, {_NAMES}".encode(), (old,)
    ).fetchall()
    for row in rows:
        connection.execute(_ADD, (new, row["hour"], *_amount(row), sealed))
    connection.execute("UPDATE quorate_accounts SET sealed = %s WHERE tenant = %s", (sealed, new))
