"""Blob: bytes that are stored once, under the digest of what they are."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Protocol

__all__ = ["BlobStore", "blob_digest"]


class BlobStore(Protocol):
    """Keeps bytes under their digest: the same bytes once, however often they are stored.

    Every method is durable when it returns and safe to call from several threads and processes.
    """

    def put(self, content: bytes) -> str:
        """Store the content, and give its digest. Content that is there already counts as stored now."""
        ...

    def get(self, digest: str) -> bytes:
        """The content of that digest.

        Raises:
            BlobError: There is none, or what is there is something else.
        """
        ...

    def has(self, digest: str) -> bool:
        """Whether content of that digest is there."""
        ...

    def remove_unreferenced(self, keep: Collection[str], *, before: datetime) -> int:
        """Remove what nobody refers to, and give the number of blobs that were removed.

        Args:
            keep: The digests that are still referred to: `references` finds them in checkpoints.
            before: Only what was last stored before this time is removed. A blob is stored before the checkpoint
                that refers to it, so leave room for runs that are under way: an hour.
        """
        ...


def blob_digest(content: bytes) -> str:
    """The SHA-256 of the content, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
