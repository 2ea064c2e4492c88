"""Envelope: the bytes of a row around its content, compressed where that pays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from threading import local
from typing import Any, cast

import zstandard

from ...contracts import DatabaseError
from .dictionary import LEVEL, dictionary

__all__ = ["MOST", "SALT", "unwrap", "unwrap_salted", "wrap", "wrap_all"]

MOST = 1 << 30
"""The most bytes that one row may expand to; more is refused before it is expanded."""

SALT = 16
"""Bytes of a salt."""

_RAW, _PACKED = 0, 2  # how the content stands; 2: by zstd, with dictionary 1
_SALTED = 16  # added to it where a salt comes first
_MAGIC = zstandard.FRAME_HEADER  # of every frame the same, and not stored
_WORTH = 32
"""Bytes from which on every row of the samples got shorter, in `benchmarks/train_dictionary.py`."""

_thread = local()  # a compressor or a decompressor serves one thread at a time


def wrap(content: bytes, salt: bytes = b"") -> bytes:
    """The content as it is stored: one byte that says how, the salt if there is one, then the bytes.

    Args:
        content: What the row says.
        salt: Nothing, or `SALT` bytes that its digest covers.

    Raises:
        DatabaseError: It is longer than `MOST`: nobody could read it again.
    """
    return wrap_all([(content, salt)])[0]


def wrap_all(contents: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Contents, each with its salt, as they are stored.

    Raises:
        DatabaseError: One is longer than `MOST`.
    """
    longest = max([len(content) for content, _ in contents], default=0)
    if longest > MOST:
        raise DatabaseError(
            "row",
            got=f"{longest:,} bytes",
            expected=f"at most {MOST:,} in one row",
            fix="keep what is so large in parts, or in a file that the state names",
        )
    packed = iter(_packed([content for content, _ in contents if len(content) >= _WORTH]))
    return [_wrapped(content, salt, packed) for content, salt in contents]


def _packed(contents: list[bytes]) -> Iterable[bytes]:
    if len(contents) < 2:
        return map(_compressor().compress, contents)
    # All in one call: each call into zstd is a turn in which another thread may keep Python busy.
    found = _compressor().multi_compress_to_buffer(cast(Any, contents), threads=1)
    return [found[place].tobytes() for place in range(len(found))]


def _wrapped(content: bytes, salt: bytes, packed: Iterator[bytes]) -> bytes:
    form = _SALTED if salt else 0
    if len(content) >= _WORTH:
        smaller = next(packed)[len(_MAGIC) :]
        if len(smaller) < len(content):
            return b"%c%b%b" % (form | _PACKED, salt, smaller)
    return b"%c%b%b" % (form | _RAW, salt, content)


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
    salted = stored[0] & _SALTED if stored else 0
    start = 1 + SALT if salted else 1
    salt, content = stored[1:start], stored[start:]
    form = stored[0] - salted if len(stored) >= start else None
    problem = f"a row of the form {stored[:1]!r}"
    if form == _RAW:
        return salt, content
    if form == _PACKED:
        try:
            return salt, _unpacked(_MAGIC + content)
        except zstandard.ZstdError as error:
            problem = f"a damaged row: {error}"
    raise DatabaseError(
        where,
        got=problem,
        expected="a row that quorate wrote",
        fix="find out what changed it, and go on from a backup; `quorate audit verify` says what else has changed",
    )


def _unpacked(frame: bytes) -> bytes:
    size = zstandard.frame_content_size(frame)
    if size < 0:
        raise zstandard.ZstdError("it does not say how long its content is")
    if size > MOST:
        raise zstandard.ZstdError(f"it would expand to {size} bytes")
    return _decompressor().decompress(frame, max_output_size=MOST, allow_extra_data=False)


def _compressor() -> zstandard.ZstdCompressor:
    found: zstandard.ZstdCompressor | None = getattr(_thread, "compressor", None)
    if found is None:
        found = _thread.compressor = zstandard.ZstdCompressor(
            level=LEVEL, dict_data=dictionary(), write_checksum=False, write_content_size=True, write_dict_id=False
        )
    return found


def _decompressor() -> zstandard.ZstdDecompressor:
    found: zstandard.ZstdDecompressor | None = getattr(_thread, "decompressor", None)
    if found is None:
        found = _thread.decompressor = zstandard.ZstdDecompressor(dict_data=dictionary())
    return found
