"""Receipt page: the request, a receipt as words with boxes or as plain text."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .layout import Box, boxes_of_lines, boxes_of_text

__all__ = ["ReceiptPage", "Size"]

_MOST_WORDS = 2_000
_MOST_LETTERS = 50_000
_LONGEST_WORD = 500
_UNPRINTABLE = 0.05
"""A text of which a larger part is no known character is not a text."""

_SPACES = "\t\n\r\f"
"""The control characters that a plain text has."""


class Size(BaseModel):
    """The size of a page."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    width: int = Field(gt=0)
    """Width in pixels."""
    height: int = Field(gt=0)
    """Height in pixels."""


class ReceiptPage(BaseModel):
    """One receipt. Either `words`, best with their `boxes`, or `text`; other keys are ignored.

    From a plain `text` the words and their boxes are made up as if it were printed in letters of one width,
    and words without boxes are taken as one line each. So every reader works on every page.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = ""
    """Identity of the receipt, where the sender gives it one."""
    source: str = ""
    """Where it comes from, such as a file name."""
    words: list[Annotated[str, Field(max_length=_LONGEST_WORD)]] = Field(default=[], max_length=_MOST_WORDS)
    """Words or lines of text, in any order that the scanner gave."""
    boxes: list[Box] = []
    """For each word left, top, right and bottom, in pixels from the top left corner."""
    size: Size | None = None
    """Size of the page, where it is known."""
    text: str = Field(default="", max_length=_MOST_LETTERS)
    """The receipt as plain text, where it came so."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        if isinstance(data, str):
            data = {"text": data}
        if not isinstance(data, dict):
            return data
        words, text = data.get("words"), data.get("text")
        if not words and isinstance(text, str):
            _check_text(text)
            made, boxes = boxes_of_text(text)
            return {**data, "words": made, "boxes": boxes}
        if isinstance(words, list) and not data.get("boxes"):
            return {**data, "boxes": boxes_of_lines(words)}
        return data

    @model_validator(mode="after")
    def _check(self) -> ReceiptPage:
        if len(self.words) != len(self.boxes):
            raise ValueError(
                f"{len(self.words)} words but {len(self.boxes)} boxes; give one box for each word, or leave `boxes` out"
            )
        if (letters := sum(map(len, self.words))) > _MOST_LETTERS:
            raise ValueError(
                f"the page has {letters} letters; a receipt has at most {_MOST_LETTERS}, so split the file"
            )
        for name, text in (("text", self.text), *((f"words[{index}]", word) for index, word in enumerate(self.words))):
            _check_control(name, text)
        if not any(word.strip() for word in self.words):
            raise ValueError("the page is empty; give `words`, or `text` with at least one line")
        for index, (left, top, right, bottom) in enumerate(self.boxes):
            if right < left or bottom < top:
                raise ValueError(
                    f"boxes[{index}] is ({left}, {top}, {right}, {bottom}); give left, top, right, bottom, "
                    "with left <= right and top <= bottom"
                )
        return self


def _check_text(text: str) -> None:
    if (bad := text.count("\ufffd")) > _UNPRINTABLE * len(text):
        raise ValueError(
            f"`text` holds {bad} unprintable characters of {len(text)}; give plain text, not the bytes of a file"
        )


def _check_control(name: str, text: str) -> None:
    for place, letter in enumerate(text):
        if letter < " " and letter not in _SPACES:
            raise ValueError(
                f"`{name}` holds the control character U+{ord(letter):04X} at {place}; give plain text without it"
            )
