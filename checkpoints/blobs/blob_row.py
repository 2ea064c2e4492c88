"""Blob row: a blob as a database stores it."""

from __future__ import annotations

from dataclasses import dataclass

from ...contracts import BlobError, blob_digest
from ..log.envelope import unwrap, wrap
from ..sealing.seal import Sealer

__all__ = ["BlobRows", "missing"]

_TABLE = b"quorate_blobs\0"


@dataclass(frozen=True, slots=True)
class BlobRows:
    """Makes rows of blobs, and blobs of rows: compressed where that pays, sealed where the database is encrypted."""

    sealer: Sealer
    """What seals them."""

    def names_of(self, digest: str) -> tuple[str, ...]:
        """The names under which a blob may stand: its digest, or what the keys make of it. New ones take the first."""
        return self.sealer.names_of(digest)

    def pack(self, name: str, content: bytes) -> bytes:
        """The bytes to store under a name."""
        return self.sealer.seal(wrap(content), _TABLE + name.encode())

    def is_current(self, stored: bytes) -> bool:
        """Whether the bytes are as they would be stored today."""
        return self.sealer.is_current(stored)

    def sealed_anew(self, name: str, stored: bytes) -> tuple[str, bytes]:
        """Name and bytes of a row as they would be stored today.

        Raises:
            DatabaseError: The row is in no form that quorate writes, or was not sealed with a key that is here.
        """
        content = unwrap(self.sealer.open(stored, _TABLE + name.encode()), f"blob {name}")
        new = self.names_of(blob_digest(content))[0]
        return new, self.pack(new, content)

    def unpack(self, digest: str, name: str, stored: bytes) -> bytes:
        """The content of a row.

        Raises:
            BlobError: It is not the content of that digest.
            DatabaseError: The row is in no form that quorate writes, or was not sealed with a key that is here.
        """
        content = unwrap(self.sealer.open(stored, _TABLE + name.encode()), f"blob {digest}")
        found = blob_digest(content)
        if found != digest:
            raise BlobError(
                f"blob {digest}",
                got=f"content of the digest {found}: it was changed after it was stored",
                expected="the content that was stored",
                fix="find out who wrote to the table quorate_blobs, and restore it from a backup",
            )
        return content


def missing(digest: str) -> BlobError:
    """The error for a digest under which nothing is stored."""
    return BlobError(
        f"blob {digest}",
        got="nothing under this digest",
        expected="what was stored when the request came in",
        fix="use the database that the thread was run on, restore its table quorate_blobs from a backup, or send the "
        "request again: it is stored anew",
    )
