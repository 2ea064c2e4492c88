"""PostgresJournal: the journal in a Postgres database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ...contracts import JournaledThread, JournalEntry
from ..journal.journal_row import KEY, JournalRow, JournalRows, mark_of
from ..journal.journal_writer import JournalWriter
from ..sealing.seal import Plain, Sealer
from .text import stored, unstored

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

    from .server import PostgresServer

__all__ = ["PostgresJournal"]

_CREATE = """
CREATE TABLE IF NOT EXISTS quorate_journal (
    id bigserial PRIMARY KEY,
    thread text NOT NULL,
    at text NOT NULL,
    entry bytea NOT NULL
)
"""
_INDEX = "CREATE INDEX IF NOT EXISTS quorate_journal_thread ON quorate_journal (thread, id)"


class PostgresJournal:
    """The journal in a Postgres database, table `quorate_journal`.

    In an encrypted database the column `thread` holds what the key makes of it, and `entry` is sealed. Every method
    raises DatabaseError where the database cannot be read or written.

    Args:
        server: The database.
        sealer: What seals the entries; by default nothing.
    """

    def __init__(self, server: PostgresServer, sealer: Sealer | None = None) -> None:
        self._server = server
        self._rows = JournalRows(sealer or Plain())
        self._writer = JournalWriter(self._rows, self._store, server.shown)
        self._key: bytes | None = None

    @staticmethod
    def create(connection: Connection[DictRow]) -> None:
        """Make the table. What is compressed already Postgres need not try to compress."""
        connection.execute(_CREATE)
        connection.execute(_INDEX)
        connection.execute("ALTER TABLE quorate_journal ALTER COLUMN entry SET STORAGE EXTERNAL")

    def record(self, make: Callable[[], JournalEntry]) -> Future[None]:
        """Store the entry that `make` gives, made in a thread of its own; the future is done when it is on disk."""
        return self._writer.record(make)

    def entries(self, thread: str) -> list[JournalEntry]:
        """The entries of a thread, in the order in which they were stored."""
        with self._server.transaction() as connection:
            sql = "SELECT thread, at, entry FROM quorate_journal WHERE thread = ANY(%s) ORDER BY id"
            rows = connection.execute(sql, (self._names(thread),)).fetchall()
        return [self._rows.unpack(_row(row)) for row in rows]

    def threads(self) -> list[JournaledThread]:
        """The threads that have entries, those asked last first."""
        with self._server.transaction() as connection:
            rows = connection.execute(
                "SELECT thread, at, entry, count, last FROM quorate_journal JOIN (SELECT min(id) AS first,"
                " count(*) AS count, max(at) AS last FROM quorate_journal GROUP BY thread) AS each ON id = first"
            ).fetchall()
        return self._rows.threads((_row(row), int(row["count"]), str(row["last"])) for row in rows)

    def remove(self, thread: str) -> int:
        """Remove all entries of a thread, and give their number."""
        with self._server.transaction() as connection:
            sql = "DELETE FROM quorate_journal WHERE thread = ANY(%s)"
            return connection.execute(sql, (self._names(thread),)).rowcount

    def mark(self, secret: str) -> str:
        """A keyed hash of a secret; empty where the database is not encrypted."""
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
        with self._server.transaction() as connection:
            self._seal_key(connection)
            sql = "SELECT id, thread, at, entry FROM quorate_journal WHERE id > %s ORDER BY id LIMIT %s FOR UPDATE"
            found = connection.execute(sql, (int(after or 0), limit)).fetchall()
            for each in found:
                if not self._rows.is_current(_row(each)):
                    new = self._rows.sealed_anew(_row(each))
                    sql = "UPDATE quorate_journal SET thread = %s, at = %s, entry = %s WHERE id = %s"
                    connection.execute(sql, (stored(new.thread), new.at, new.entry, each["id"]))
        return str(found[-1]["id"]) if found else None

    def _seal_key(self, connection: Connection[DictRow]) -> None:
        kept = _setting(connection)
        if kept is not None and not self._rows.is_current_key(kept):
            new = self._rows.sealed_key(self._rows.key_of(kept))
            connection.execute("UPDATE quorate_meta SET value = %s WHERE key = %s", (new, KEY))

    def _stored_key(self) -> str:
        """The key that marks secrets, as the database keeps it; made when it is first needed."""
        with self._server.transaction() as connection:
            kept = _setting(connection)
            if kept is None:
                sql = "INSERT INTO quorate_meta VALUES (%s, %s) ON CONFLICT (key) DO NOTHING"
                connection.execute(sql, (KEY, self._rows.new_key()))
                kept = _setting(connection)
        return kept or ""

    def _store(self, rows: Sequence[JournalRow]) -> None:
        with self._server.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO quorate_journal (thread, at, entry) VALUES (%s, %s, %s)",
                [(stored(row.thread), row.at, row.entry) for row in rows],
            )

    def _names(self, thread: str) -> list[str]:
        return [stored(name) for name in self._rows.names_of(thread)]


def _row(row: dict[str, Any]) -> JournalRow:
    return JournalRow(unstored(row["thread"]), row["at"], bytes(row["entry"]))


def _setting(connection: Connection[DictRow]) -> str | None:
    row = connection.execute("SELECT value FROM quorate_meta WHERE key = %s", (KEY,)).fetchone()
    return None if row is None else str(row["value"])
