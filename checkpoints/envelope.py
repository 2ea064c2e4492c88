"""Envelope: the bytes of a row around its content, compressed where that pays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import local

import zstandard

from ..contracts import DatabaseError

__all__ = ["MOST", "SALT", "unwrap", "unwrap_salted", "wrap", "wrap_all"]

MOST = 1 << 30
"""The most bytes that one row may expand to; more is refused before it is expanded."""

SALT = 16
"""Bytes of a salt."""

_ZSTD, _SALTED = 1, 2  # bits of the first byte
_WORTH = 160  # bytes from which on compression wins more than it costs
_LEVEL = 1

_thread = local()  # a compressor or a decompressor serves one thread at a time


def wrap(content: bytes, salt: bytes = b"") -> bytes:
    """The content as it is stored: one byte that says how, the salt if there is one, then the bytes.

    Args:
        content: What the row says.
        salt: Nothing, or `SALT` bytes that its digest covers.
    """
    return wrap_all([(content, salt)])[0]


def wrap_all(contents: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Contents, each with its salt, as they are stored."""
    # All in one call: each call into zstd is a turn in which another thread may keep Python busy.
    worth: list[bytes | bytearray | memoryview] = [content for content, _ in contents if len(content) >= _WORTH]
    packed = iter(_compressor().multi_compress_to_buffer(worth, threads=1)) if worth else iter(())
    return [_wrapped(content, salt, packed) for content, salt in contents]


def _wrapped(content: bytes, salt: bytes, packed: Iterator[zstandard.BufferSegment]) -> bytes:
    form = _SALTED if salt else 0
    if len(content) >= _WORTH:
        smaller = next(packed)
        if len(smaller) < len(content):
            return b"%c%b%b" % (form | _ZSTD, salt, smaller.tobytes())
    return b"%c%b%b" % (form, salt, content)


def unwrap(stored: bytes, where: str) -> bytes:
    """The content of a row.

    Raises:
        DatabaseError: The row is not in a form that quorate writes.
    """
    return unwrap_salted(stored, where)[1]


def unwrap_salted(stored: bytes, where: str) -> tuple[bytes, bytes]:
    """The salt of a row, empty where it has none, and its content.

    Raises:
        DatabaseError: The row is not in a form that quorate writes.
    """
    form = stored[0] if stored else 4
    start = 1 + SALT if form & _SALTED else 1
    salt, content = stored[1:start], stored[start:]
    try:
        if form > (_ZSTD | _SALTED) or len(stored) < start:
            problem = f"a row of the form {stored[:1]!r}"
        elif not form & _ZSTD:
            return salt, content
        elif zstandard.frame_content_size(content) <= MOST:
            return salt, _decompressor().decompress(content, max_output_size=MOST)
        else:
            problem = "a row of more than a gigabyte"
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
