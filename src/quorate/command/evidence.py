"""Evidence: what a claim points at, in its context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..contracts import BlobError, Evidence, Items, Passage, Quote
from .printable import line_of, printable, text_of

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["in_context"]

_AROUND = 24
"""Characters shown on each side of a quotation."""

_LONGEST = 120
"""The most characters of a quotation or a passage."""


def in_context(evidence: Evidence, fields: Mapping[str, Any]) -> Text:
    """What the evidence points at: a quotation between its neighbours, the named items, the passage.

    Args:
        evidence: Where the claim was seen.
        fields: Plain values of the request and of what was decided, by field; of one that cannot be read, the error.
    """
    from rich.text import Text

    match evidence:
        case Quote(field=name, start=start, end=end):
            return _quotation(name, fields.get(name), start, end)
        case Items(field=name, indices=indices):
            return _items(name, fields.get(name), indices)
        case Passage(source=source, key=key, text=text, score=score):
            rated = "" if score is None else f", score {score:.3g}"
            body = f": {line_of(text, _LONGEST)}" if text else ""
            return Text(f"{line_of(source)} {line_of(key, 24)}{rated}{body}")


def _quotation(name: str, content: Any, start: int, end: int) -> Text:
    from rich.text import Text

    if not isinstance(content, str) or end > len(content):
        return Text(f"{name}[{start}:{end}], {_why_not(content)}", style="dim")
    before, quoted, after = content[max(0, start - _AROUND) : start], content[start:end], content[end : end + _AROUND]
    return Text.assemble(
        (f"{name}[{start}:{end}] ", "dim"),
        ("…" if start > _AROUND else "") + _flat(before),
        "«",
        (_flat(quoted if len(quoted) <= _LONGEST else quoted[:_LONGEST] + "…"), "bold"),
        "»",
        _flat(after) + ("…" if end + _AROUND < len(content) else ""),
    )


def _items(name: str, content: Any, indices: tuple[int, ...]) -> Text:
    from rich.text import Text

    places = ",".join(map(str, indices))
    if not isinstance(content, list) or any(index >= len(content) for index in indices):
        return Text(f"{name}[{places}], {_why_not(content)}", style="dim")
    parts: list[str] = []
    for position, index in enumerate(indices):
        if position and index != indices[position - 1] + 1:
            parts.append("…")
        parts.append(text_of(content[index]))
    before = content[indices[0] - 1] if indices and indices[0] else ""
    after = content[indices[-1] + 1] if indices and indices[-1] + 1 < len(content) else ""
    return Text.assemble(
        (f"{name}[{places}] ", "dim"),
        f"{text_of(before, _AROUND)} ".lstrip(),
        "«",
        (line_of(" ".join(parts), _LONGEST), "bold"),
        "»",
        f" {text_of(after, _AROUND)}".rstrip(),
    )


def _why_not(content: Any) -> str:
    if isinstance(content, BlobError):
        return f"which cannot be read: {content.got}"
    return "which has changed since"


def _flat(text: str) -> str:
    """The text on one line; a line break stands as a sign, because it is part of the layout."""
    return printable(text.replace("\r\n", "\n").replace("\n", "⏎").replace("\t", " "))
