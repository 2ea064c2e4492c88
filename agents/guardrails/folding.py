"""Folding: a text as a reader sees it, without what is put in to hide words from a check."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["folded"]

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
"""What Unicode calls ignorable by default: it is not shown."""
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
"""Accents and other marks that stand on any letter."""
_PIECE = 200
"""Characters that are normalized at a time: a long run of marks takes time in proportion to its square."""


def folded(text: str) -> str:
    """The text in compatible forms, without accents and characters that nobody sees."""
    if text.isascii():
        return text
    seen = _MARKS.sub("", _UNSEEN.sub("", text))
    pieces = (seen[start : start + _PIECE] for start in range(0, len(seen), _PIECE))
    plain = "".join(unicodedata.normalize("NFKD", piece) for piece in pieces)
    return _MARKS.sub("", plain)
