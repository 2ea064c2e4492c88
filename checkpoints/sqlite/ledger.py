"""SqliteLedger: the effect ledger in a SQLite file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...contracts import Entry
from ..effects.ledger import as_json, check_abandon, must_finish
from ..effects.ledger_row import LedgerRow, LedgerRows
from ..sealing.seal import Plain, Sealer

if TYPE_CHECKING:
    from sqlite_utils import Database

    from .file import SqliteFile

__all__ = ["SqliteLedger"]

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
    sealed BLOB
)
"""


class SqliteLedger:
    """The effect ledger in a SQLite file, table `effects_ledger`.

    In an encrypted file the column `key` holds what the key makes of it, and the column `sealed` all that a user put
    in. Every method raises DatabaseError where the file cannot be read or written.

    Args:
        file: The file.
        sealer: What seals the entries; by default nothing.
    """

    def __init__(self, file: SqliteFile, sealer: Sealer | None = None) -> None:
        self._file = file
        self._rows = LedgerRows(sealer or Plain())

    @staticmethod
    def create(database: Database) -> None:
        """Make the table, or the columns that an older one lacks."""
        database.execute(_CREATE)
        if "sealed" not in database["effects_ledger"].columns_dict:
            database.execute("ALTER TABLE effects_ledger ADD COLUMN sealed BLOB")

    def begin(self, key: str, *, name: str, thread: str, digest: str, args: Mapping[str, Any]) -> Entry | None:
        """Claim the key. None: it is ours now, execute. An entry: somebody was here before; do not execute.

        Raises:
            LedgerError: `args` is not plain JSON data.
        """
        text = as_json(key, f"arguments of {name!r}", dict(args))
        row = self._rows.begun(key, thread=thread, digest=digest, args=text)
        with self._file.transaction() as database:
            known = self._read(database, key)
            if known is None:
                database.execute(
                    "INSERT INTO effects_ledger (key, name, status, thread, digest, args, sealed, begun_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (row.key, name, row.status, row.thread, row.digest, row.args, row.sealed, _now()),
                )
        return None if known is None else self._rows.entry(key, known)

    def finish(self, key: str, *, result: Any) -> None:
        """Record that the effect of a begun key was done, with the receiver's answer.

        Raises:
            LedgerError: The key was never begun, is done with another result, or `result` is not JSON data.
        """
        text = as_json(key, "result", result)
        with self._file.transaction() as database:
            known = self._read(database, key)
            if must_finish(key, self._entry(key, known), text) and known is not None:
                row = self._rows.done(key, known, text)
                _replace(database, known.key, row)
                database.execute("UPDATE effects_ledger SET done_at = ? WHERE key = ?", (_now(), row.key))

    def abandon(self, key: str) -> None:
        """Release a begun key whose effect is known not to have happened.

        Raises:
            LedgerError: Its effect is done.
        """
        with self._file.transaction() as database:
            known = self._read(database, key)
            check_abandon(key, self._entry(key, known))
            if known is not None:
                database.execute("DELETE FROM effects_ledger WHERE key = ?", (known.key,))

    def entry(self, key: str) -> Entry | None:
        """What is known of the key, or None."""
        with self._file.reading() as database:
            known = self._read(database, key)
        return self._entry(key, known)

    def seal_anew(self, after: str, limit: int) -> str | None:
        """Store rows anew, of those with names after `after`, that are not as they would be stored today.

        Args:
            after: Where to go on; empty at first.
            limit: How many rows to look at.

        Returns:
            The last name that was looked at; None where there was none.
        """
        with self._file.transaction() as database:
            return self.seal_some(database, self._rows.sealer, after, limit)

    @staticmethod
    def seal_some(database: Database, sealer: Sealer, after: str, limit: int) -> str | None:
        """As `seal_anew`, within a transaction."""
        made = LedgerRows(sealer)
        rows = _some(database, "key > ? ORDER BY key LIMIT ?", (after, limit))
        for row in rows:
            if not made.is_current(row):
                _replace(database, row.key, made.sealed_anew(row))
        return rows[-1].key if rows else None

    def _read(self, database: Database, key: str) -> LedgerRow | None:
        names = self._rows.names_of(key)
        rows = _some(database, f"key IN ({', '.join('?' * len(names))})", names)
        return rows[0] if rows else None

    def _entry(self, key: str, row: LedgerRow | None) -> Entry | None:
        return None if row is None else self._rows.entry(key, row)


def _some(database: Database, where: str, values: Sequence[Any]) -> list[LedgerRow]:
    sql = f"SELECT key, status, thread, digest, args, result, sealed FROM effects_ledger WHERE {where}"
    return [LedgerRow(*row) for row in database.execute(sql, values)]


def _replace(database: Database, name: str, row: LedgerRow) -> None:
    """Store a row in the place of the one of that name."""
    database.execute(
        "UPDATE effects_ledger SET key = ?, status = ?, thread = ?, digest = ?, args = ?, result = ?, sealed = ?"
        " WHERE key = ?",
        (*row, name),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()
