"""Screen: the two consoles, and foreign text made fit for them."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = [
    "COLORS",
    "NOTHING",
    "console",
    "errors",
    "heading",
    "line_of",
    "listing",
    "local_time",
    "printable",
    "status_text",
    "text_of",
    "unbroken",
]

NOTHING = "\N{EN DASH}"
"""What stands for no value."""

_WIDTH_OF_A_PIPE = 120
_LONGEST_NAME = 40
_BIDI = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)}

COLORS = {
    "settled": "green",
    "waiting": "yellow",
    "unfinished": "yellow",
    "stopped": "yellow",
    "contested": "yellow",
    "abstained": "dim",
    "rejected": "red",
    "failed": "red",
    "unsettled": "red",
    "halted": "red",
}
"""The colour of each status."""


def console(file: IO[str] | None = None) -> Console:
    """The console for what was asked for: stdout as it is now."""
    return _console(file or sys.stdout)


def errors() -> Console:
    """The console for everything else: stderr."""
    return _console(sys.stderr)


def _console(file: IO[str]) -> Console:
    from rich.console import Console

    # Into a pipe or a file rich would fold at 80 columns, which nobody asked for.
    width = None if file.isatty() or "COLUMNS" in os.environ else _WIDTH_OF_A_PIPE
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)


def printable(text: str) -> str:
    """The text without anything that could steer a terminal; a control character stands as its escape."""
    return "".join(char if _harmless(char) else char.encode("unicode_escape").decode() for char in text)


def _harmless(char: str) -> bool:
    return char in "\n\t" or (unicodedata.category(char) not in ("Cc", "Cs") and char not in _BIDI)


def line_of(text: str, most: int = 0) -> str:
    """The text on one line, printable; cut after `most` characters where that is not 0."""
    line = " ".join(printable(text).split())
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


def local_time(iso: str, timespec: str = "seconds") -> str:
    """A time in ISO 8601 as local time; as it is where it is none."""
    try:
        return datetime.fromisoformat(iso).astimezone().replace(tzinfo=None).isoformat(" ", timespec)
    except ValueError:
        return iso


def status_text(status: str) -> Text:
    """A status in its colour."""
    from rich.text import Text

    return Text(status, style=COLORS.get(status, ""))


def heading(title: str) -> Text:
    """The title of a section."""
    from rich.text import Text

    return Text(printable(title), style="bold")


def listing(*columns: str) -> Table:
    """A table with a head, without lines."""
    from rich.table import Table

    return Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", title_justify="left")


def unbroken(table: Table, place: int = 0) -> None:
    """Keep the cells of a column, names as a rule, on one line each, where they leave room for the others."""
    column = table.columns[place]
    if all(len(str(cell)) <= _LONGEST_NAME for cell in column.cells):
        column.no_wrap = True
    else:
        column.overflow = "fold"
