"""Blob row: the bytes of a blob as a database stores them."""

from __future__ import annotations

from ..contracts import BlobError, blob_digest
from .envelope import unwrap, wrap

__all__ = ["from_row", "missing", "to_row"]


def to_row(content: bytes) -> bytes:
    """The content as it is stored: compressed where that pays."""
    return wrap(content)


def from_row(digest: str, stored: bytes) -> bytes:
    """The content of a row.

    Raises:
        BlobError: It is not the content of that digest.
        DatabaseError: The row is in no form that quorate writes.
    """
    content = unwrap(stored, f"blob {digest}")
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
