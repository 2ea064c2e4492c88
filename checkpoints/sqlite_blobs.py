"""SqliteBlobs: the blob store in a SQLite file."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..contracts import blob_digest
from .blob_row import from_row, missing, to_row

if TYPE_CHECKING:
    from sqlite_utils import Database

    from .sqlite_file import SqliteFile

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

    Every method raises DatabaseError where the file cannot be read or written.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    @staticmethod
    def create(database: Database) -> None:
        """Make the table."""
        database.execute(_CREATE)

    def put(self, content: bytes) -> str:
        """Store the content, and give its digest. Content that is there already counts as stored now."""
        digest = blob_digest(content)
        # Where it is there, it need not be compressed; where another is quicker after this look, nothing is lost.
        stored = b"" if self.has(digest) else to_row(content)
        with self._file.transaction() as database:
            if database.execute("UPDATE quorate_blobs SET stored_at = ? WHERE digest = ?", (_now(), digest)).rowcount:
                return digest
            database.execute(
                "INSERT INTO quorate_blobs (digest, size, stored_at, content) VALUES (?, ?, ?, ?)",
                (digest, len(content), _now(), stored or to_row(content)),
            )
        return digest

    def get(self, digest: str) -> bytes:
        """The content of that digest.

        Raises:
            BlobError: There is none, or what is there is something else.
        """
        with self._file.reading() as database:
            row = database.execute("SELECT content FROM quorate_blobs WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            raise missing(digest)
        return from_row(digest, row[0])

    def has(self, digest: str) -> bool:
        """Whether content of that digest is there."""
        with self._file.reading() as database:
            return database.execute("SELECT 1 FROM quorate_blobs WHERE digest = ?", (digest,)).fetchone() is not None

    def remove_unreferenced(self, keep: Collection[str], *, before: datetime) -> int:
        """Remove what is not in `keep` and was last stored before that time, and give the number of blobs removed."""
        with self._file.transaction() as database:
            return database.execute(
                "DELETE FROM quorate_blobs WHERE stored_at < ? AND digest NOT IN (SELECT value FROM json_each(?))",
                (_text(before), json.dumps(list(keep))),
            ).rowcount


def _now() -> str:
    return _text(datetime.now(UTC))


def _text(moment: datetime) -> str:
    """The time in UTC, always of the same length: as texts, times compare as they are."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
