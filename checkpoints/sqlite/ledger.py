"""SqliteLedger: the effect ledger in a SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..effects.ledger_row import LedgerRow
from ..effects.stored_ledger import StoredLedger
from ..log.hold import Holds
from ..sealing.seal import Sealer

if TYPE_CHECKING:
    import sqlite3

    from sqlite_utils import Database

    from .file import SqliteFile

__all__ = ["SqliteLedger", "place_of"]

_CREATE = """
CREATE TABLE IF NOT EXISTS effects_ledger (
    key TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    thread TEXT NOT NULL,
    digest TEXT NOT NULL,
    args TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('executing', 'done')),
    result TEXT,
    begun_at TEXT NOT NULL,
    done_at TEXT,
    sealed BLOB,
    owner TEXT NOT NULL DEFAULT ''
)
"""
_ADDED = {"sealed": "BLOB", "owner": "TEXT NOT NULL DEFAULT ''"}
"""Columns that an older table lacks."""


def place_of(file: SqliteFile) -> str:
    """What tells a file from others, for receivers that join its transactions."""
    return f"sqlite {file.path.resolve()}"


class SqliteLedger(StoredLedger["Database"]):
    """The effect ledger in a SQLite file, table `effects_ledger`; see `StoredLedger`."""

    def __init__(
        self, file: SqliteFile, sealer: Sealer | None = None, holds: Callable[[], Holds | None] = lambda: None
    ) -> None:
        super().__init__(place_of(file), sealer, holds)
        self._file = file

    @staticmethod
    def create(database: Database) -> None:
        """Make the table, or the columns that an older one lacks."""
        database.execute(_CREATE)
        for column, kind in _ADDED.items():
            if column not in database["effects_ledger"].columns_dict:
                database.execute(f"ALTER TABLE effects_ledger ADD COLUMN {column} {kind}")

    def _writing(self) -> AbstractContextManager[Database]:
        return self._file.transaction()

    def _reading(self) -> AbstractContextManager[Database]:
        return self._file.reading()

    def _connection(self, transaction: Database) -> sqlite3.Connection:
        connection: sqlite3.Connection = transaction.conn
        return connection

    def _find(self, transaction: Database, names: tuple[str, ...], *, lock: bool) -> LedgerRow | None:
        rows = _rows(transaction, f"key IN ({', '.join('?' * len(names))})", names)
        return rows[0] if rows else None

    def _claim(self, transaction: Database, names: tuple[str, ...], name: str, row: LedgerRow) -> LedgerRow | None:
        known = self._find(transaction, names, lock=True)
        if known is None:
            transaction.execute(
                "INSERT INTO effects_ledger (key, name, status, thread, digest, args, sealed, owner, begun_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (row.key, name, row.status, row.thread, row.digest, row.args, row.sealed, row.owner, _now()),
            )
        return known

    @staticmethod
    def _some(transaction: Database, after: str, limit: int) -> list[LedgerRow]:
        return _rows(transaction, "key > ? ORDER BY key LIMIT ?", (after, limit))

    @staticmethod
    def _put(transaction: Database, name: str, row: LedgerRow) -> None:
        transaction.execute(
            "UPDATE effects_ledger SET key = ?, status = ?, thread = ?, digest = ?, args = ?, result = ?, sealed = ?,"
            " owner = ?, done_at = CASE ? WHEN 'done' THEN coalesce(done_at, ?) END WHERE key = ?",
            (*row, row.status, _now(), name),
        )

    def _own(self, transaction: Database, name: str, owner: str) -> None:
        transaction.execute("UPDATE effects_ledger SET owner = ? WHERE key = ?", (owner, name))

    def _drop(self, transaction: Database, name: str) -> None:
        transaction.execute("DELETE FROM effects_ledger WHERE key = ?", (name,))


def _rows(database: Database, where: str, values: Sequence[Any]) -> list[LedgerRow]:
    # A file that may only be read may be older than the column.
    owner = "owner" if "owner" in database["effects_ledger"].columns_dict else "''"
    columns = f"key, status, thread, digest, args, result, sealed, {owner}"
    return [LedgerRow(*row) for row in database.execute(f"SELECT {columns} FROM effects_ledger WHERE {where}", values)]


def _now() -> str:
    return datetime.now(UTC).isoformat()
