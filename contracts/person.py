"""Person: when two names mean the same person."""

from __future__ import annotations

import unicodedata

__all__ = ["same_name"]


def same_name(name: str) -> str:
    """The text that all spellings of one name share: NFKC, without invisible characters, trimmed, case folded.

    It is empty for a name in which nothing can be read.
    """
    visible = "".join(char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) != "Cf")
    return " ".join(visible.split()).casefold()
