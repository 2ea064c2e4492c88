"""SqliteBlobs: the blob store in a SQLite file."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...contracts import blob_digest
from ..blobs.blob_row import BlobRows, missing
from ..sealing.seal import Plain, Sealer

if TYPE_CHECKING:
    from sqlite_utils import Database

    from .file import SqliteFile

__all__ = ["SqliteBlobs"]

_CREATE = """
CREATE TABLE IF NOT EXISTS quorate_blobs (
    digest TEXT PRIMARY KEY NOT NULL,
    size INTEGER NOT NULL,
    stored_at TEXT NOT NULL,
    content BLOB NOT NULL
)
"""


class SqliteBlobs:
    """The blob store in a SQLite file, table `quorate_blobs`: size in bytes before compression, times in UTC.

    In an encrypted file the column `digest` holds what the key makes of it. Every method raises DatabaseError where
    the file cannot be read or written.

    Args:
        file: The file.
        sealer: What seals the content; by default nothing.
    """

    def __init__(self, file: SqliteFile, sealer: Sealer | None = None) -> None:
        self._file = file
        self._rows = BlobRows(sealer or Plain())

    @staticmethod
    def create(database: Database) -> None:
        """Make the table."""
        database.execute(_CREATE)

    def put(self, content: bytes) -> str:
        """Store the content, and give its digest. Content that is there already counts as stored now."""
        digest = blob_digest(content)
        name, *older = self._rows.names_of(digest)
        # Before the transaction, so that no other writer waits for it; it is needed only where it is not there yet.
        stored = None if self._row((name,)) else self._rows.pack(name, content)
        with self._file.transaction() as database:
            if database.execute("UPDATE quorate_blobs SET stored_at = ? WHERE digest = ?", (_now(), name)).rowcount:
                return digest
            database.execute(
                "INSERT INTO quorate_blobs (digest, size, stored_at, content) VALUES (?, ?, ?, ?)",
                (name, len(content), _now(), stored or self._rows.pack(name, content)),
            )
            # What an older key sealed is sealed anew.
            database.execute(
                "DELETE FROM quorate_blobs WHERE digest IN (SELECT value FROM json_each(?))", (json.dumps(older),)
            )
        return digest

    def get(self, digest: str) -> bytes:
        """The content of that digest.

        Raises:
            BlobError: There is none, or what is there is something else.
        """
        row = self._row(self._rows.names_of(digest), "content")
        if row is None:
            raise missing(digest)
        name, stored = row
        return self._rows.unpack(digest, name, stored)

    def has(self, digest: str) -> bool:
        """Whether content of that digest is there."""
        return self._row(self._rows.names_of(digest)) is not None

    def remove_unreferenced(self, keep: Collection[str], *, before: datetime) -> int:
        """Remove what is not in `keep` and was last stored before that time, and give the number of blobs removed."""
        kept = [name for digest in keep for name in self._rows.names_of(digest)]
        with self._file.transaction() as database:
            return database.execute(
                "DELETE FROM quorate_blobs WHERE stored_at < ? AND digest NOT IN (SELECT value FROM json_each(?))",
                (_text(before), json.dumps(kept)),
            ).rowcount

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
        rows = BlobRows(sealer)
        sql = "SELECT digest FROM quorate_blobs WHERE digest > ? ORDER BY digest LIMIT ?"
        names = [name for (name,) in database.execute(sql, (after, limit)).fetchall()]
        for name in names:
            ((stored,),) = database.execute("SELECT content FROM quorate_blobs WHERE digest = ?", (name,)).fetchall()
            if not rows.is_current(stored):
                new, content = rows.sealed_anew(name, stored)
                # What is there under the new name already is the same content, stored later.
                sql = "UPDATE OR IGNORE quorate_blobs SET digest = ?, content = ? WHERE digest = ?"
                database.execute(sql, (new, content, name))
                if new != name:
                    database.execute("DELETE FROM quorate_blobs WHERE digest = ?", (name,))
        return names[-1] if names else None

    def _row(self, names: Sequence[str], column: str = "size") -> tuple[str, Any] | None:
        """The name of the row that stands under one of the names, with a column of it."""
        with self._file.reading() as database:
            row: tuple[str, Any] | None = database.execute(
                f"SELECT digest, {column} FROM quorate_blobs WHERE digest IN (SELECT value FROM json_each(?))",
                (json.dumps(names),),
            ).fetchone()
        return row


def _now() -> str:
    return _text(datetime.now(UTC))


def _text(moment: datetime) -> str:
    """The time in UTC, always of the same length: as texts, times compare as they are."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
