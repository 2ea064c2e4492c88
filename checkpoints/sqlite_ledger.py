"""SqliteLedger: the effect ledger in a SQLite file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..contracts import Entry
from .ledger import as_json, check_abandon, must_finish

if TYPE_CHECKING:
    from sqlite_utils import Database

    from .sqlite_file import SqliteFile

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
    done_at TEXT
)
"""


class SqliteLedger:
    """The effect ledger in a SQLite file, table `effects_ledger`.

    Every method raises DatabaseError where the file cannot be read or written.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    @staticmethod
    def create(database: Database) -> None:
        """Make the table."""
        database.execute(_CREATE)

    def begin(self, key: str, *, name: str, thread: str, digest: str, args: Mapping[str, Any]) -> Entry | None:
        """Claim the key. None: it is ours now, execute. An entry: somebody was here before; do not execute.

        Raises:
            LedgerError: `args` is not plain JSON data.
        """
        text = as_json(key, f"arguments of {name!r}", dict(args))
        with self._file.transaction() as database:
            cursor = database.execute(
                "INSERT INTO effects_ledger (key, name, thread, digest, args, status, begun_at)"
                " VALUES (?, ?, ?, ?, ?, 'executing', ?) ON CONFLICT (key) DO NOTHING",
                (key, name, thread, digest, text, _now()),
            )
            return None if cursor.rowcount == 1 else _read(database, key)

    def finish(self, key: str, *, result: Any) -> None:
        """Record that the effect of a begun key was done, with the receiver's answer.

        Raises:
            LedgerError: The key was never begun, is done with another result, or `result` is not JSON data.
        """
        text = as_json(key, "result", result)
        with self._file.transaction() as database:
            if must_finish(key, _read(database, key), text):
                database.execute(
                    "UPDATE effects_ledger SET status = 'done', result = ?, done_at = ? WHERE key = ?",
                    (text, _now(), key),
                )

    def abandon(self, key: str) -> None:
        """Release a begun key whose effect is known not to have happened.

        Raises:
            LedgerError: Its effect is done.
        """
        with self._file.transaction() as database:
            check_abandon(key, _read(database, key))
            database.execute("DELETE FROM effects_ledger WHERE key = ?", (key,))

    def entry(self, key: str) -> Entry | None:
        """What is known of the key, or None."""
        with self._file.reading() as database:
            return _read(database, key)


def _read(database: Database, key: str) -> Entry | None:
    row = database.execute(
        "SELECT key, status, thread, digest, result FROM effects_ledger WHERE key = ?", (key,)
    ).fetchone()
    if row is None:
        return None
    known, status, thread, digest, result = row
    return Entry(known, status, thread, digest, None if result is None else json.loads(result))


def _now() -> str:
    return datetime.now(UTC).isoformat()
