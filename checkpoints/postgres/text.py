"""The form in which Postgres can hold any text of Python's."""

from __future__ import annotations

import re

__all__ = ["stored", "unstored"]

_STRANGE = re.compile("[\\\\\0\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(\\|u[0-9a-f]{4})")


def stored(text: str) -> str:
    r"""The text as it is stored: a NUL and a lone surrogate, which Postgres has no place for, as `\u0000`.

    A backslash is doubled; everything else stays as it is.
    """
    return _STRANGE.sub(_escaped, text) if _STRANGE.search(text) else text


def unstored(text: str) -> str:
    """The text that `stored` was given."""
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    return "\\\\" if character == "\\" else f"\\u{ord(character):04x}"


def _unescaped(found: re.Match[str]) -> str:
    escape = found[1]
    return escape if escape == "\\" else chr(int(escape[1:], 16))
