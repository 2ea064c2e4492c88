"""BlobDigests: which blobs the content of a row may refer to."""

from __future__ import annotations

import re

__all__ = ["digests_in"]

# As msgpack holds a text of 64 characters, or JSON within a text does.
_DIGEST = re.compile(rb'[@"]([0-9a-f]{64})')


def digests_in(content: bytes) -> set[str]:
    """Every digest that stands in a row's content: none is left out, but some may be of something else than a blob."""
    return {digest.decode() for digest in _DIGEST.findall(content)}
