"""SealingKey: the text form of the keys that rows are sealed with."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from ...contracts import DatabaseError

__all__ = ["FIX", "generate_key", "read_keys"]

FIX = "make a key with: quorate keys new"
"""How to come to a key, for messages."""

_EXPECTED = "keys of 32 bytes in base64url (43 characters), or @ and the path of a file of them"
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=?")
_LIKE_A_KEY = re.compile(r"[A-Za-z0-9_+/-]{40,44}=*")
_BETWEEN = re.compile(r"[,\n]")


def generate_key() -> str:
    """A new random key of 32 bytes, in base64url: 43 characters without padding."""
    return secrets.token_urlsafe(32)


def read_keys(text: str, where: str) -> tuple[bytes, ...]:
    """The keys in a text, in its order, each 32 bytes and given once.

    Args:
        text: Keys in base64url, between commas or line ends. In place of a key `@path` stands for the keys in that
            file, which has the same form, but names no other file. A line that begins with # is a comment.
        where: The place of the text, for messages: these never show a key.

    Raises:
        DatabaseError: There is no key, one is of another form, or a file cannot be read.
    """
    keys: list[bytes] = []
    for place, entry in _entries(text, where):
        if entry.startswith("@"):
            inside = f"{place}, file {_shown(entry[1:])}"
            keys += [_key(key, spot) for spot, key in _entries(_text_of(Path(entry[1:]), inside), inside)]
        else:
            keys.append(_key(entry, place))
    return tuple(dict.fromkeys(keys))


def _entries(text: str, where: str) -> Iterator[tuple[str, str]]:
    """Each entry with its place."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    entries = [entry for piece in _BETWEEN.split("\n".join(lines)) if (entry := piece.strip())]
    if not entries:
        raise DatabaseError(where, got="no key", expected=_EXPECTED, fix=FIX)
    for number, entry in enumerate(entries, 1):
        yield f"{where}, entry {number}", entry


def _key(entry: str, where: str) -> bytes:
    if entry.startswith("@"):
        raise DatabaseError(where, got="a file that names another file", expected="keys", fix="put the keys there")
    if _KEY.fullmatch(entry):
        return base64.urlsafe_b64decode(entry.rstrip("=") + "=")
    strange = len(re.sub(r"[A-Za-z0-9_-]", "", entry.rstrip("=")))
    got = f"{len(entry)} characters, {strange} of them not of base64url" if strange else f"{len(entry)} characters"
    raise DatabaseError(where, got=got, expected=_EXPECTED, fix=FIX)


def _shown(path: str) -> str:
    """A path for people, unless it is a key after an @ too many."""
    return "*** (it looks like a key)" if _LIKE_A_KEY.fullmatch(path) else path


def _text_of(path: Path, where: str) -> str:
    """What a file of keys holds. Nothing is chained to the errors: it would carry the path or the file's bytes."""
    problem = text = ""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except ValueError:
        problem = "a path with a NUL"
    if problem:
        raise DatabaseError(where, got=problem, expected="a file of keys", fix="correct the path, or the file's rights")
    if "\ufffd" in text or "\0" in text:
        raise DatabaseError(where, got="no UTF-8 text", expected="a file of keys", fix="save it as UTF-8")
    return text
