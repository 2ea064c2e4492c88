"""Envelope: the bytes of a row around its content, compressed where that pays."""

from __future__ import annotations

from threading import local

import zstandard

from ..contracts import DatabaseError

__all__ = ["MOST", "unwrap", "wrap"]

MOST = 1 << 30
"""The most bytes that one row may expand to; more is refused before it is expanded."""

_RAW, _ZSTD = b"\x00", b"\x01"
_WORTH = 160  # bytes from which on compression wins more than it costs
_LEVEL = 1

_thread = local()  # a compressor or a decompressor serves one thread at a time


def wrap(content: bytes) -> bytes:
    """The content as it is stored: one byte that says how, then the bytes."""
    if len(content) >= _WORTH:
        packed = _compressor().compress(content)
        if len(packed) < len(content):
            return _ZSTD + packed
    return _RAW + content


def unwrap(stored: bytes, where: str) -> bytes:
    """The content of a row.

    Raises:
        DatabaseError: The row is not in a form that quorate writes.
    """
    form = stored[:1]
    if form == _RAW:
        return stored[1:]
    try:
        if form == _ZSTD and zstandard.frame_content_size(stored[1:]) <= MOST:
            return _decompressor().decompress(stored[1:], max_output_size=MOST)
        problem = f"a row of the form {form!r}" if form != _ZSTD else "a row of more than a gigabyte"
    except zstandard.ZstdError as error:
        problem = f"a damaged row: {error}"
    raise DatabaseError(
        where,
        got=problem,
        expected="a row that quorate wrote",
        fix="find out what changed it, and go on from a backup; `quorate audit verify` says what else has changed",
    )


def _compressor() -> zstandard.ZstdCompressor:
    found: zstandard.ZstdCompressor | None = getattr(_thread, "compressor", None)
    if found is None:
        found = _thread.compressor = zstandard.ZstdCompressor(
            level=_LEVEL, write_checksum=False, write_content_size=True, write_dict_id=False
        )
    return found


def _decompressor() -> zstandard.ZstdDecompressor:
    found: zstandard.ZstdDecompressor | None = getattr(_thread, "decompressor", None)
    if found is None:
        found = _thread.decompressor = zstandard.ZstdDecompressor()
    return found
