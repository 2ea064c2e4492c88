"""PostgresBlobs: the blob store in a Postgres database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..contracts import blob_digest
from .blob_row import from_row, missing, to_row

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

    from .postgres_server import PostgresServer

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

    Every method raises DatabaseError where the database cannot be read or written.
    """

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @staticmethod
    def create(connection: Connection[DictRow]) -> None:
        """Make the table. What is compressed already Postgres need not try to compress."""
        connection.execute(_CREATE)
        connection.execute("ALTER TABLE quorate_blobs ALTER COLUMN content SET STORAGE EXTERNAL")

    def put(self, content: bytes) -> str:
        """Store the content, and give its digest. Content that is there already counts as stored now."""
        digest = blob_digest(content)
        with self._server.transaction() as connection:
            cursor = connection.execute(
                "UPDATE quorate_blobs SET stored_at = clock_timestamp() WHERE digest = %s", (digest,)
            )
            if cursor.rowcount:
                return digest
            connection.execute(
                "INSERT INTO quorate_blobs (digest, size, content) VALUES (%s, %s, %s)"
                " ON CONFLICT (digest) DO UPDATE SET stored_at = clock_timestamp()",
                (digest, len(content), to_row(content)),
            )
        return digest

    def get(self, digest: str) -> bytes:
        """The content of that digest.

        Raises:
            BlobError: There is none, or what is there is something else.
        """
        with self._server.transaction() as connection:
            row = connection.execute("SELECT content FROM quorate_blobs WHERE digest = %s", (digest,)).fetchone()
        if row is None:
            raise missing(digest)
        return from_row(digest, row["content"])

    def has(self, digest: str) -> bool:
        """Whether content of that digest is there."""
        with self._server.transaction() as connection:
            row = connection.execute("SELECT 1 FROM quorate_blobs WHERE digest = %s", (digest,)).fetchone()
        return row is not None

    def remove_unreferenced(self, keep: Collection[str], *, before: datetime) -> int:
        """Remove what is not in `keep` and was last stored before that time, and give the number of blobs removed."""
        with self._server.transaction() as connection:
            return connection.execute(
                "DELETE FROM quorate_blobs WHERE stored_at < %s AND NOT digest = ANY(%s)",
                (before.astimezone(UTC), list(keep)),
            ).rowcount
