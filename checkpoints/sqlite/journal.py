"""SqliteJournal: the journal in a SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ...contracts import JournaledThread, JournalEntry
from ..journal.journal_row import KEY, JournalRow, JournalRows, mark_of
from ..journal.journal_writer import JournalWriter
from ..sealing.seal import Plain, Sealer

if TYPE_CHECKING:
    from sqlite_utils import Database

    from .file import SqliteFile

__all__ = ["SqliteJournal"]

_CREATE = """
CREATE TABLE IF NOT EXISTS quorate_journal (
    id INTEGER PRIMARY KEY,
    thread TEXT NOT NULL,
    at TEXT NOT NULL,
    entry BLOB NOT NULL
)
"""
_INDEX = "CREATE INDEX IF NOT EXISTS quorate_journal_thread ON quorate_journal (thread, id)"


class SqliteJournal:
    """The journal in a SQLite file, table `quorate_journal`.

    In an encrypted file the column `thread` holds what the key makes of it, and `entry` is sealed. Every method raises
    DatabaseError where the file cannot be read or written.

    Args:
        file: The file.
        sealer: What seals the entries; by default nothing.
    """

    def __init__(self, file: SqliteFile, sealer: Sealer | None = None) -> None:
        self._file = file
        self._rows = JournalRows(sealer or Plain())
        self._writer = JournalWriter(self._rows, self._store, file.shown)
        self._key: bytes | None = None

    @staticmethod
    def create(database: Database) -> None:
        """Make the table."""
        database.execute(_CREATE)
        database.execute(_INDEX)

    def record(self, make: Callable[[], JournalEntry]) -> Future[None]:
        """Store the entry that `make` gives, made in a thread of its own; the future is done when it is on disk."""
        return self._writer.record(make)

    def entries(self, thread: str) -> list[JournalEntry]:
        """The entries of a thread, in the order in which they were stored."""
        names = self._rows.names_of(thread)
        rows = self._query(
            f"SELECT thread, at, entry FROM quorate_journal WHERE {_of(names)} ORDER BY id",
            *names,
        )
        return [self._rows.unpack(JournalRow(*row)) for row in rows]

    def threads(self) -> list[JournaledThread]:
        """The threads that have entries, those asked last first."""
        rows = self._query(
            "SELECT thread, at, entry, count, last FROM quorate_journal JOIN"
            " (SELECT min(id) AS first, count(*) AS count, max(at) AS last FROM quorate_journal GROUP BY thread)"
            " ON id = first"
        )
        return self._rows.threads((JournalRow(*row[:3]), row[3], row[4]) for row in rows)

    def remove(self, thread: str) -> int:
        """Remove all entries of a thread, and give their number."""
        with self._file.transaction() as database:
            names = self._rows.names_of(thread)
            return database.execute(f"DELETE FROM quorate_journal WHERE {_of(names)}", names).rowcount

    def mark(self, secret: str) -> str:
        """A keyed hash of a secret; empty where the file is not encrypted."""
        if not self._rows.sealer.encrypts:
            return ""
        if self._key is None:
            self._key = self._rows.key_of(self._stored_key())
        return mark_of(self._key, secret)

    def close(self) -> None:
        """Store what waits."""
        self._writer.close()

    def seal_anew(self, after: str, limit: int) -> str | None:
        """Store rows anew, of those with ids after `after`, that are not as they would be stored today.

        Args:
            after: Where to go on; empty at first.
            limit: How many rows to look at.

        Returns:
            The last id that was looked at; None where there was none.
        """
        with self._file.transaction() as database:
            self._seal_key(database)
            sql = "SELECT id, thread, at, entry FROM quorate_journal WHERE id > ? ORDER BY id LIMIT ?"
            found = database.execute(sql, (int(after or 0), limit)).fetchall()
            for number, *row in found:
                if not self._rows.is_current(JournalRow(*row)):
                    new = self._rows.sealed_anew(JournalRow(*row))
                    sql = "UPDATE quorate_journal SET thread = ?, at = ?, entry = ? WHERE id = ?"
                    database.execute(sql, (*new, number))
        return str(found[-1][0]) if found else None

    def _seal_key(self, database: Database) -> None:
        stored = _setting(database)
        if stored is not None and not self._rows.is_current_key(stored):
            new = self._rows.sealed_key(self._rows.key_of(stored))
            database.execute("UPDATE quorate_meta SET value = ? WHERE key = ?", (new, KEY))

    def _stored_key(self) -> str:
        """The key that marks secrets, as the file keeps it; made when it is first needed."""
        with self._file.reading() as database:
            stored = _setting(database)
        if stored is not None:
            return stored
        with self._file.transaction() as database:
            database.execute("INSERT OR IGNORE INTO quorate_meta VALUES (?, ?)", (KEY, self._rows.new_key()))
            return _setting(database) or ""

    def _store(self, rows: Sequence[JournalRow]) -> None:
        with self._file.transaction() as database:
            database.conn.executemany("INSERT INTO quorate_journal (thread, at, entry) VALUES (?, ?, ?)", rows)

    def _query(self, sql: str, *values: Any) -> list[Any]:
        with self._file.reading() as database:
            if "quorate_journal" not in database.table_names():  # an older file that may only be read
                return []
            return list(database.execute(sql, values).fetchall())


def _setting(database: Database) -> str | None:
    row = database.execute("SELECT value FROM quorate_meta WHERE key = ?", (KEY,)).fetchone()
    return None if row is None else str(row[0])


def _of(names: Sequence[str]) -> str:
    return f"thread IN ({', '.join('?' * len(names))})"
