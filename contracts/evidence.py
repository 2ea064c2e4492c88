"""Evidence: where in the inputs, or outside them, a claim was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Discriminator

__all__ = ["Evidence", "Items", "Passage", "Quote"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of characters of a text field: `field[start:end]`."""

    field: str
    """Name of the text field that is quoted."""
    start: int
    """Index of the first character, from 0."""
    end: int
    """Index after the last character."""
    kind: Literal["quote"] = "quote"


@dataclass(frozen=True, slots=True)
class Items:
    """Elements of a list field, by index; so words on a page, rows of a table."""

    field: str
    """Name of the list field."""
    indices: tuple[int, ...]
    """Indices of the elements, from 0, in reading order."""
    kind: Literal["items"] = "items"


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage from outside the request: a retrieved document, a register, a web page."""

    source: str
    """Where it comes from: a collection, a table, a URL."""
    key: str
    """Its identity within the source."""
    text: str = ""
    """The passage itself, or the part that matters."""
    score: float | None = None
    """The retriever's score, on the retriever's own scale."""
    kind: Literal["passage"] = "passage"


Evidence = Annotated[Quote | Items | Passage, Discriminator("kind")]
"""Where a claim was seen: a closed union, told apart by `kind`."""
