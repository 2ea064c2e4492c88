"""Screen: the consoles that the command writes to, with the forms that its tables share."""

from __future__ import annotations

import os
import re
import sys
from typing import IO, TYPE_CHECKING, Any, cast

from .printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = [
    "COLORS",
    "console",
    "errors",
    "heading",
    "listing",
    "status_text",
    "unbroken",
]

_WIDTH_OF_A_PIPE = 120
_LONGEST_NAME = 40
_FILLED = re.compile(r" +(?=\n)")

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

    terminal = file.isatty()
    # Into a pipe or a file rich would fold at 80 columns, which nobody asked for.
    width = None if terminal or "COLUMNS" in os.environ else _WIDTH_OF_A_PIPE
    out = file if terminal else cast(IO[str], _Trimmed(file))
    return Console(file=out, width=width, highlight=False, markup=False, emoji=False)


class _Trimmed:
    """A pipe or a file whose lines get no spaces at their ends, with which rich fills each column."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(_FILLED.sub("", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


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
