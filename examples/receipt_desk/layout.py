"""Layout: the words of a page as lines, top to bottom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

__all__ = ["Box", "Layout", "Line", "boxes_of_lines", "boxes_of_text", "layout_of"]

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels from the top left corner of the page."""

_LETTER_WIDTH = 10
_LETTER_HEIGHT = 20
_LINE_PITCH = 26
_GAP = re.compile(r"\s{2,}|\t")


@dataclass(frozen=True, slots=True)
class Line:
    """Words that stand side by side."""

    indices: tuple[int, ...]
    """Indices of the words, left to right."""
    text: str
    """The words, one space between two."""
    top: float
    """Upper edge in pixels, the mean of the words'."""
    bottom: float
    """Lower edge in pixels, the mean of the words'."""
    left: int
    """Left edge in pixels."""
    right: int
    """Right edge in pixels."""

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.bottom - self.top


@dataclass(frozen=True)
class Layout:
    """The words of a page with their places."""

    words: tuple[str, ...]
    """The words, in the order of the page's own list."""
    boxes: tuple[Box, ...]
    """One box for each word."""

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines, top to bottom. Words belong to one line where their middles differ by less than half a height."""
        rows: list[list[int]] = []
        middle = 0.0
        for index in sorted(range(len(self.words)), key=self._middle):
            if not self.words[index].strip():
                continue
            height = self.boxes[index][3] - self.boxes[index][1]
            if rows and self._middle(index) - middle < 0.5 * height:
                rows[-1].append(index)
            else:
                rows.append([index])
            middle = sum(self._middle(i) for i in rows[-1]) / len(rows[-1])
        return tuple(self._line(row) for row in rows)

    @cached_property
    def line_of(self) -> dict[int, int]:
        """The number of the line that each word stands in, by the word's index."""
        return {index: number for number, line in enumerate(self.lines) for index in line.indices}

    @cached_property
    def height(self) -> int:
        """The lowest edge of any word, in pixels; 1 for an empty page."""
        return max((box[3] for box in self.boxes), default=1)

    def right_of(self, index: int) -> tuple[int, ...]:
        """The words to the right of a word in its line, nearest first."""
        line = self.lines[self.line_of[index]].indices
        return line[line.index(index) + 1 :]

    def below(self, index: int) -> tuple[int, ...]:
        """The words of the next line that overlap a word's width, left to right."""
        number = self.line_of[index] + 1
        if number >= len(self.lines):
            return ()
        left, _, right, _ = self.boxes[index]
        return tuple(i for i in self.lines[number].indices if self.boxes[i][0] < right and self.boxes[i][2] > left)

    def _middle(self, index: int) -> float:
        return (self.boxes[index][1] + self.boxes[index][3]) / 2

    def _line(self, row: list[int]) -> Line:
        row = sorted(row, key=lambda i: self.boxes[i][0])
        boxes = [self.boxes[i] for i in row]
        return Line(
            indices=tuple(row),
            text=" ".join(" ".join(self.words[i].split()) for i in row),
            top=sum(box[1] for box in boxes) / len(boxes),
            bottom=sum(box[3] for box in boxes) / len(boxes),
            left=min(box[0] for box in boxes),
            right=max(box[2] for box in boxes),
        )


def layout_of(words: Sequence[str], boxes: Sequence[Box]) -> Layout:
    """The layout of a page. The readers of one page share it through a small cache keyed by content."""
    return _layout(tuple(words), tuple((box[0], box[1], box[2], box[3]) for box in boxes))


@lru_cache(maxsize=32)
def _layout(words: tuple[str, ...], boxes: tuple[Box, ...]) -> Layout:
    return Layout(words, boxes)


def boxes_of_text(text: str) -> tuple[list[str], list[Box]]:
    """Words and boxes for plain text, as if it were printed in letters of one width.

    A word here is a run of text between tabs or two or more spaces, so that columns stay apart.
    """
    words: list[str] = []
    boxes: list[Box] = []
    for number, line in enumerate(text.expandtabs(8).splitlines()):
        top = number * _LINE_PITCH
        start = 0
        for part in _GAP.split(line):
            at = line.index(part, start)
            start = at + len(part)
            if part.strip():
                words.append(part)
                boxes.append((at * _LETTER_WIDTH, top, start * _LETTER_WIDTH, top + _LETTER_HEIGHT))
    return words, boxes


def boxes_of_lines(lines: Sequence[object]) -> list[Box]:
    """Boxes for lines without any, one below the other."""
    return [
        (0, number * _LINE_PITCH, len(str(line)) * _LETTER_WIDTH, number * _LINE_PITCH + _LETTER_HEIGHT)
        for number, line in enumerate(lines)
    ]
