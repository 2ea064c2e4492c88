"""Digest: the hashing of the audit chain."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import ormsgpack

__all__ = ["chain", "content_digest"]

_sha256 = hashlib.sha256


def content_digest(parts: Sequence[Any]) -> bytes:
    """The digest of one event's content, 32 bytes.

        SHA-256(0x00 || the parts as MessagePack)

    MessagePack tells how long each part is, and of which type, so that no byte can be counted to a neighbour: two
    different sequences of parts give different digests. All is in its shortest form, and the keys of maps are sorted.
    The first byte tells a content from a link of the chain, as in RFC 6962, section 2.1.

    Args:
        parts: Bytes, text, numbers, None, and lists and maps of such.
    """
    return _sha256(b"\x00" + ormsgpack.packb(parts, option=ormsgpack.OPT_SORT_KEYS)).digest()


def chain(previous: bytes | None, content: bytes) -> bytes:
    """The digest of an event, 32 bytes, which holds for all events before it.

        SHA-256(0x01 || previous || content)

    Args:
        previous: The digest of the event before, 32 bytes. None for the first event: SHA-256(0x01 || content).
        content: What `content_digest` gives for the event, 32 bytes.
    """
    return _sha256(b"\x01" + content if previous is None else b"\x01" + previous + content).digest()
