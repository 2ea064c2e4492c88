"""Reference: what stands in the state for a value that is stored as a blob."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from .blob import BlobStore, blob_digest
from .errors import BlobError

__all__ = ["Reference", "references"]

_BLOB, _SIZE = "$blob", "size"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Reference:
    """Stands in the state for a value whose JSON text is stored as a blob.

    As plain data it is `{"$blob": digest, "size": bytes}`, exactly. Where such data comes in as a value, it is stored
    as a blob itself, whatever its size. So what has this form in a request that was taken in is always a reference.
    """

    digest: str
    """The SHA-256 of the JSON text, as 64 hexadecimal digits."""
    size: int
    """Length of the JSON text in bytes."""

    @classmethod
    def to(cls, content: bytes) -> Reference:
        """The reference to a JSON text."""
        return cls(blob_digest(content), len(content))

    @classmethod
    def read(cls, plain: Any) -> Reference | None:
        """The reference that the plain data is, or None."""
        match plain:
            case {"$blob": str(digest), "size": int(size)} if len(plain) == 2 and not isinstance(size, bool):
                return cls(digest, size) if size >= 0 and _DIGEST.fullmatch(digest) else None
            case _:
                return None

    @property
    def plain(self) -> dict[str, Any]:
        """The reference as plain data."""
        return {_BLOB: self.digest, _SIZE: self.size}

    def value(self, blobs: BlobStore | None) -> Any:
        """The value that it stands for.

        Args:
            blobs: Where it is stored.

        Raises:
            BlobError: It is not there, or is not what was stored.
        """
        if blobs is None:
            raise BlobError(
                f"blob {self.digest}",
                got="a reference to it, and no blob store to read it from",
                expected="the blob store that the request was stored in",
                fix="pass it to the team: Supervisor(..., blobs=database.blobs)",
            )
        try:
            return from_json(blobs.get(self.digest))
        except ValueError as error:
            raise BlobError(
                f"blob {self.digest}",
                got=f"content that is no JSON text: {error}",
                expected="the JSON text of a value",
                fix="correct the reference in the state; it was written past quorate",
            ) from error


def references(data: Any) -> Iterator[Reference]:
    """Every reference in plain data, at any depth; so in the values and writes of a checkpoint."""
    waiting = [data]
    while waiting:
        each = waiting.pop()
        found = Reference.read(each)
        if found is not None:
            yield found
        elif isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list | tuple):
            waiting.extend(each)
