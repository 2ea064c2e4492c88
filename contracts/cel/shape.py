"""Shape: how large a value can be, known without looking at it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ATOM", "Shape", "joined", "shape_of"]

_CHARACTERS_OF_A_UNIT = 64
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Shape:
    """Upper bounds on the size of a value."""

    weight: int = 1
    """What it costs to copy or compare it: 1 for each scalar in it, and 1 for each 64 characters of text."""
    length: int = 0
    """How many elements or entries it has, if it is a list or a map."""
    part: Shape | None = None
    """The same for any of its elements or entries; None if it has none."""

    @property
    def item(self) -> Shape:
        """The shape of an element."""
        return self.part or ATOM


ATOM = Shape()
"""A number, true, false, null, or a short text."""


def shape_of(value: Any, depth: int = 0) -> Shape:
    """The shape of plain data.

    Raises:
        ValueError: It is nested deeper than 200 levels.
    """
    if depth > _DEEPEST:
        raise ValueError(f"data nested deeper than {_DEEPEST} levels")
    match value:
        case str() | bytes():
            return Shape(1 + len(value) // _CHARACTERS_OF_A_UNIT) if len(value) >= _CHARACTERS_OF_A_UNIT else ATOM
        case Mapping():
            # A loop over a map goes over its keys.
            return _of([shape_of(each, depth + 1) for entry in value.items() for each in entry], len(value))
        case list() | tuple():
            return _of([shape_of(each, depth + 1) for each in value], len(value))
        case _:
            return ATOM


def _of(parts: list[Shape], length: int) -> Shape:
    return Shape(1 + sum(part.weight for part in parts), length, joined(parts) if parts else None)


def joined(shapes: Iterable[Shape]) -> Shape:
    """A shape that is at least as large as each of these."""
    every = list(shapes)
    parts = [shape.part for shape in every if shape.part is not None]
    return Shape(
        max((shape.weight for shape in every), default=1),
        max((shape.length for shape in every), default=0),
        joined(parts) if parts else None,
    )
