"""MemoryBlobs: the blob store of one process, for tests and notebooks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from threading import Lock

from ...contracts import blob_digest
from .blob_row import missing

__all__ = ["MemoryBlobs"]


class MemoryBlobs:
    """A blob store that ends with the process. Threads that outlive it need a database."""

    def __init__(self) -> None:
        self._blobs: dict[str, tuple[bytes, datetime]] = {}
        self._lock = Lock()

    def put(self, content: bytes) -> str:
        """Store the content, and give its digest. Content that is there already counts as stored now."""
        digest = blob_digest(content)
        with self._lock:
            self._blobs[digest] = (content, datetime.now(UTC))
        return digest

    def get(self, digest: str) -> bytes:
        """The content of that digest.

        Raises:
            BlobError: There is none.
        """
        with self._lock:
            if digest not in self._blobs:
                raise missing(digest)
            return self._blobs[digest][0]

    def has(self, digest: str) -> bool:
        """Whether content of that digest is there."""
        with self._lock:
            return digest in self._blobs

    def remove_unreferenced(self, keep: Collection[str], *, before: datetime) -> int:
        """Remove what is not in `keep` and was last stored before that time, and give the number of blobs removed."""
        kept, limit = frozenset(keep), before.astimezone(UTC)
        with self._lock:
            gone = [digest for digest, (_, at) in self._blobs.items() if digest not in kept and at < limit]
            for digest in gone:
                del self._blobs[digest]
        return len(gone)
