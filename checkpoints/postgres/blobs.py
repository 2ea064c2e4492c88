"""PostgresBlobs: the blob store in a Postgres database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...contracts import blob_digest
from ..blobs.blob_row import BlobRows, missing
from ..sealing.seal import Plain, Sealer

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

    from .server import PostgresServer

__all__ = ["PostgresBlobs"]

_CREATE = """
CREATE TABLE IF NOT EXISTS quorate_blobs (
    digest text PRIMARY KEY,
    size bigint NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    content bytea NOT NULL
)
"""


class PostgresBlobs:
    """The blob store in a Postgres database, table `quorate_blobs`: size in bytes before compression.

    In an encrypted database the column `digest` holds what the key makes of it. Every method raises DatabaseError
    where the database cannot be read or written.

    Args:
        server: The database.
        sealer: What seals the content; by default nothing.
    """

    def __init__(self, server: PostgresServer, sealer: Sealer | None = None) -> None:
        self._server = server
        self._rows = BlobRows(sealer or Plain())

    @staticmethod
    def create(connection: Connection[DictRow]) -> None:
        """Make the table. What is compressed already Postgres need not try to compress."""
        connection.execute(_CREATE)
        connection.execute("ALTER TABLE quorate_blobs ALTER COLUMN content SET STORAGE EXTERNAL")

    def put(self, content: bytes) -> str:
        """Store the content, and give its digest. Content that is there already counts as stored now."""
        digest = blob_digest(content)
        name, *older = self._rows.names_of(digest)
        with self._server.transaction() as connection:
            cursor = connection.execute(
                "UPDATE quorate_blobs SET stored_at = clock_timestamp() WHERE digest = %s", (name,)
            )
            if cursor.rowcount:
                return digest
            connection.execute(
                "INSERT INTO quorate_blobs (digest, size, content) VALUES (%s, %s, %s)"
                " ON CONFLICT (digest) DO UPDATE SET stored_at = clock_timestamp()",
                (name, len(content), self._rows.pack(name, content)),
            )
            # What an older key sealed is sealed anew.
            connection.execute("DELETE FROM quorate_blobs WHERE digest = ANY(%s)", (older,))
        return digest

    def get(self, digest: str) -> bytes:
        """The content of that digest.

        Raises:
            BlobError: There is none, or what is there is something else.
        """
        with self._server.transaction() as connection:
            row = connection.execute(
                "SELECT digest, content FROM quorate_blobs WHERE digest = ANY(%s)", (list(self._rows.names_of(digest)),)
            ).fetchone()
        if row is None:
            raise missing(digest)
        return self._rows.unpack(digest, row["digest"], row["content"])

    def has(self, digest: str) -> bool:
        """Whether content of that digest is there."""
        with self._server.transaction() as connection:
            names = list(self._rows.names_of(digest))
            row = connection.execute("SELECT 1 FROM quorate_blobs WHERE digest = ANY(%s)", (names,)).fetchone()
        return row is not None

    def remove_unreferenced(self, keep: Collection[str], *, before: datetime) -> int:
        """Remove what is not in `keep` and was last stored before that time, and give the number of blobs removed."""
        kept = [name for digest in keep for name in self._rows.names_of(digest)]
        with self._server.transaction() as connection:
            return connection.execute(
                "DELETE FROM quorate_blobs WHERE stored_at < %s AND NOT digest = ANY(%s)",
                (before.astimezone(UTC), kept),
            ).rowcount

    def seal_anew(self, after: str, limit: int) -> str | None:
        """Store rows anew, of those with names after `after`, that are not as they would be stored today.

        Args:
            after: Where to go on; empty at first.
            limit: How many rows to look at.

        Returns:
            The last name that was looked at; None where there was none.
        """
        with self._server.transaction() as connection:
            return self.seal_some(connection, self._rows.sealer, after, limit)

    @staticmethod
    def seal_some(connection: Connection[DictRow], sealer: Sealer, after: str, limit: int) -> str | None:
        """As `seal_anew`, within a transaction."""
        sql = 'SELECT digest FROM quorate_blobs WHERE digest COLLATE "C" > %s ORDER BY digest COLLATE "C" LIMIT %s'
        names = [str(row["digest"]) for row in connection.execute(sql, (after, limit))]
        for name in names:
            _seal(connection, BlobRows(sealer), name)
        return names[-1] if names else None


def _seal(connection: Connection[DictRow], rows: BlobRows, name: str) -> None:
    sql = "SELECT size, stored_at, content FROM quorate_blobs WHERE digest = %s FOR UPDATE"
    row = connection.execute(sql, (name,)).fetchone()
    if row is None or rows.is_current(row["content"]):
        return
    new, content = rows.sealed_anew(name, row["content"])
    connection.execute("DELETE FROM quorate_blobs WHERE digest = %s", (name,))
    connection.execute(
        "INSERT INTO quorate_blobs (digest, size, stored_at, content) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (digest) DO NOTHING",
        (new, row["size"], row["stored_at"], content),
    )
