"""Written: the msgpack of what a task wrote, write by write, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

__all__ = ["Written", "digest_of_write", "written_of"]

_sha256 = sha256


class Written(NamedTuple):
    """What a task wrote, as msgpack."""

    path: bytes
    """The task's path."""
    writes: Sequence[bytes]
    """Each write: `[index, channel, value]`, of a bytearray with a fourth element."""

    @property
    def content(self) -> bytes:
        """What their row says: `[path, [write, ...]]`."""
        return b"".join([b"\x92", self.path, _head(len(self.writes)), *self.writes])

    @property
    def digests(self) -> list[bytes]:
        """Of each write its digest."""
        return [_sha256(write).digest() for write in self.writes]


def digest_of_write(write: bytes) -> bytes:
    """What the content digest of a task's writes covers of one of them: its SHA-256."""
    return _sha256(write).digest()


def written_of(content: bytes) -> Written:
    """What a task wrote, from what its row says.

    Raises:
        ValueError: It is not what `Written.content` gives.
    """
    try:
        start = _end(content, 1)
        first = content[start]
        size = {0xDC: 2, 0xDD: 4}.get(first, 0)
        count = int.from_bytes(content[start + 1 : start + 1 + size]) if size else first & 0x0F
        at = start + 1 + size
        writes = []
        for _ in range(count):
            end = _end(content, at)
            writes.append(content[at:end])
            at = end
    except (IndexError, KeyError) as error:
        raise ValueError("it ends early, or holds a byte that begins nothing") from error
    found = Written(content[1:start], writes)
    if at != len(content) or found.content != content:
        raise ValueError("it is no path with a list of writes")
    return found


def _head(count: int) -> bytes:
    """How a list of so many begins."""
    if count < 16:
        return b"%c" % (0x90 | count)
    return b"\xdc" + count.to_bytes(2) if count < 1 << 16 else b"\xdd" + count.to_bytes(4)


def _end(content: bytes, at: int) -> int:
    """Where the value ends that begins at a place."""
    left = 1
    while left:
        left -= 1
        first = content[at]
        at += 1
        if first < 0x80 or first >= 0xE0:
            continue
        if first < 0x90:
            left += 2 * (first & 0x0F)
        elif first < 0xA0:
            left += first & 0x0F
        elif first < 0xC0:
            at += first & 0x1F
        elif first in _FIXED:
            at += _FIXED[first]
        else:
            size, more, values = _SIZED[first]
            length = int.from_bytes(content[at : at + size])
            at += size
            if values:
                left += values * length
            else:
                at += more + length
    return at


_FIXED = {
    **dict.fromkeys((0xC0, 0xC2, 0xC3), 0),
    **dict.fromkeys((0xCC, 0xD0), 1),
    **dict.fromkeys((0xCD, 0xD1, 0xD4), 2),
    0xD5: 3,
    **dict.fromkeys((0xCA, 0xCE, 0xD2), 4),
    0xD6: 5,
    **dict.fromkeys((0xCB, 0xCF, 0xD3), 8),
    0xD7: 9,
    0xD8: 17,
}
"""How many bytes follow the first one of a value."""

_SIZED = {
    **{0xC4 + power: (1 << power, 0, 0) for power in range(3)},  # bytes
    **{0xC7 + power: (1 << power, 1, 0) for power in range(3)},  # extensions
    **{0xD9 + power: (1 << power, 0, 0) for power in range(3)},  # text
    **{0xDB + power: (1 << power, 0, 1) for power in (1, 2)},  # lists
    **{0xDD + power: (1 << power, 0, 2) for power in (1, 2)},  # maps
}
"""How many bytes tell a length, how many come besides, and how many values each of the length stands for."""
