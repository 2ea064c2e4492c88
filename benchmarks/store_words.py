"""Store words: pages and messages of random, made-up words."""

from __future__ import annotations

import random
from typing import Any

__all__ = ["Writer"]


class Writer:
    """Writes pages and messages, of 3,000 words that it makes up.

    Args:
        seed: The same seed writes the same.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        syllables = [first + vowel + last for first in "bdfgklmnprst" for vowel in "aeiou" for last in ("", "n", "r")]
        self._words = ["".join(self._random.sample(syllables, self._random.randint(1, 4))) for _ in range(3_000)]

    def message(self, length: int = 1_000) -> str:
        """So many characters of words."""
        text = ""
        while len(text) < length:
            text += f"{self._random.choice(self._words)} "
        return text[:length]

    def page(self) -> dict[str, Any]:
        """A receipt as the desk takes it: 24 lines with their boxes, about 1 KB."""
        lines = [self._line() for _ in range(24)]
        boxes = [self._box(row) for row in range(len(lines))]
        name = f"{self._random.getrandbits(48):012x}"
        return {"id": name, "source": "", "words": lines, "boxes": boxes, "size": {"width": 431, "height": 620}}

    def _line(self) -> str:
        if self._random.random() < 0.4:
            return f"{self._random.randint(100, 99_999) / 100:.2f}"
        return " ".join(self._random.choices(self._words, k=self._random.randint(1, 4))).upper()

    def _box(self, row: int) -> list[int]:
        left = self._random.randint(20, 200)
        return [left, 25 * row, left + self._random.randint(20, 200), 25 * row + 18]
