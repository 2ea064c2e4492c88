"""Digest: the hashing of the audit chain."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

__all__ = ["chain", "content_digest"]

_sha256 = hashlib.sha256


def content_digest(parts: Sequence[bytes]) -> bytes:
    """The digest of one event's content, 32 bytes.

        SHA-256(0x00 || length(part 1) || part 1 || ... || length(part n) || part n)

    A length is the number of bytes as an unsigned 64-bit integer, big-endian. It keeps parts apart: of two
    different sequences of parts no byte can be counted to a neighbour, so both give different digests. No parts
    give SHA-256(0x00). The first byte tells a content from a link of the chain, as in RFC 6962, section 2.1.
    """
    pieces = [b"\x00"]
    for part in parts:
        pieces.append(len(part).to_bytes(8, "big"))
        pieces.append(part)
    return _sha256(b"".join(pieces)).digest()


def chain(previous: bytes | None, content: bytes) -> bytes:
    """The digest of an event, 32 bytes, which holds for all events before it.

        SHA-256(0x01 || previous || content)

    Args:
        previous: The digest of the event before, 32 bytes. None for the first event: SHA-256(0x01 || content).
        content: What `content_digest` gives for the event, 32 bytes.
    """
    return _sha256(b"\x01" + content if previous is None else b"\x01" + previous + content).digest()
