"""Quotation: where the words that a model quotes stand in what it read."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from ..contracts import Items, Quote

__all__ = ["find_quotation", "quotable"]

Texts = Mapping[str, "str | Sequence[str]"]

_BETWEEN_ITEMS = re.compile(r'",\s*"')


def quotable(fields: Mapping[str, Any]) -> Texts:
    """The fields that words can be quoted from: texts, and lists of texts that are not empty."""
    return {
        name: value
        for name, value in fields.items()
        if isinstance(value, str)
        or (isinstance(value, list) and value and all(isinstance(item, str) for item in value))
    }


def find_quotation(words: str, texts: Texts) -> Quote | Items | None:
    """The first place that has the words, whatever white space is between them; None where none has.

    In a list it is the items that the words stand in: in one, or in several that follow each other.

    Args:
        words: What the model quotes. A model is shown a list as JSON; signs of JSON around items do not count.
        texts: Texts and lists of texts, by field, in the order in which they are searched.
    """
    for field, content in texts.items():
        place = _in_text(field, content, words) if isinstance(content, str) else _in_items(field, content, words)
        if place is not None:
            return place
    return None


def _in_text(field: str, text: str, words: str) -> Quote | None:
    span = _span(words, text)
    return Quote(field, *span) if span else None


def _in_items(field: str, items: Sequence[str], words: str) -> Items | None:
    span = _span(words, "\n".join(items)) or _span(_BETWEEN_ITEMS.sub(" ", words.strip().strip('"')), "\n".join(items))
    if span is None:
        return None
    ends = list(accumulate(len(item) + 1 for item in items))
    return Items(field, tuple(range(bisect_right(ends, span[0]), bisect_right(ends, span[1] - 1) + 1)))


def _span(words: str, text: str) -> tuple[int, int] | None:
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    match = re.search(pattern, text) if pattern else None
    return match.span() if match else None
