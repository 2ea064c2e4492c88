"""A blob store that writes down what is done with it, and can lose things or refuse them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from quorate.contracts import BlobError, DatabaseError, blob_digest

__all__ = ["DictBlobs"]


class DictBlobs:
    """A blob store that lasts as long as the test.

    Args:
        full: Whether it refuses to store anything.
    """

    def __init__(self, *, full: bool = False) -> None:
        self.contents: dict[str, bytes] = {}
        self.puts: list[str] = []
        self.gets: list[str] = []
        self.full = full

    def put(self, content: bytes) -> str:
        if self.full:
            raise DatabaseError("blobs", got="a full disk", expected="room", fix="free some")
        digest = blob_digest(content)
        self.puts.append(digest)
        self.contents[digest] = content
        return digest

    def get(self, digest: str) -> bytes:
        self.gets.append(digest)
        if digest not in self.contents:
            raise BlobError(f"blob {digest}", got="nothing", expected="what was stored", fix="send the request again")
        return self.contents[digest]

    def has(self, digest: str) -> bool:
        return digest in self.contents

    def remove_unreferenced(self, keep: Collection[str], *, before: datetime) -> int:
        gone = [digest for digest in self.contents if digest not in keep]
        for digest in gone:
            del self.contents[digest]
        return len(gone)
