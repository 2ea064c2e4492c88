"""Printable: foreign text and values made fit for a terminal."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from typing import Any

__all__ = ["LONGEST_ID", "NOTHING", "brief_of", "id_of", "line_of", "local_time", "printable", "text_of"]

LONGEST_ID = 80
"""The most characters of a thread's id among other things; its beginning names it, and `--json` gives the whole."""

NOTHING = "\N{EN DASH}"
"""What stands for no value."""

_BIDI = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)}


def printable(text: str) -> str:
    """The text without anything that could steer a terminal; a control character stands as its escape."""
    return "".join(char if _harmless(char) else char.encode("unicode_escape").decode() for char in text)


def _harmless(char: str) -> bool:
    return char in "\n\t" or (unicodedata.category(char) not in ("Cc", "Cs") and char not in _BIDI)


def line_of(text: str, most: int = 0) -> str:
    """The text on one line, printable; cut after `most` characters where that is not 0."""
    line = " ".join(printable(text).split())
    return line if not most or len(line) <= most else f"{line[: most - 1]}…"


def id_of(name: str, most: int = 0) -> str:
    """A name on one line: line ends stand as escapes; cut after `most` characters where that is not 0."""
    line = printable(name).replace("\n", r"\n").replace("\t", r"\t")
    return line if not most or len(line) <= most else f"{line[: most - 1]}…"


def text_of(value: Any, most: int = 0) -> str:
    """A plain value for people, on one line: text as it is, nothing as a dash, an object as `name: value, …`."""
    match value:
        case None:
            return NOTHING
        case str():
            return line_of(value, most)
        case dict():
            return line_of(", ".join(f"{name}: {text_of(each)}" for name, each in value.items()), most)
        case _:
            return line_of(json.dumps(value, ensure_ascii=False), most)


def brief_of(value: Any, most: int) -> str:
    """A plain value as in `text_of`; of more than `most` characters the first, and how many there are."""
    text = text_of(value)
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def local_time(iso: str, timespec: str = "seconds") -> str:
    """A time in ISO 8601 as local time; as it is where it is none."""
    try:
        return datetime.fromisoformat(iso).astimezone().replace(tzinfo=None).isoformat(" ", timespec)
    except ValueError:
        return iso
