"""Person: when two names mean the same person."""

from __future__ import annotations

import unicodedata

__all__ = ["same_name"]


_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that show nothing, in categories of characters that show something."""


def same_name(name: str) -> str:
    """The text that all spellings of one name share: NFKC, without invisible characters, trimmed, case folded.

    It is empty for a name in which nothing can be read.
    """
    visible = "".join(" " if char.isspace() else char for char in name if not _is_invisible(char))
    # An invisible character may have kept a letter from its accent, and folding the case may take letters apart.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", visible).casefold())
    return " ".join("".join(char for char in folded if not _is_invisible(char)).split())


def _is_invisible(char: str) -> bool:
    if char.isspace():
        return False
    is_variation = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef" or "\u180b" <= char <= "\u180f"
    return unicodedata.category(char) in ("Cf", "Cc") or is_variation or char in _INVISIBLE
