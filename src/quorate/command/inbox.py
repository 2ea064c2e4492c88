"""Inbox: the files that INPUTS name, and the items in them, one after the other."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..contracts import InputError
from .item import Item, Unreadable
from .source import LARGEST, LINES, read_lines, read_source

__all__ = ["STDIN", "Inbox"]

STDIN = "-"
"""The input that stands for JSON lines on stdin."""


class Inbox:
    """The items that INPUTS name. Files are read one after the other while they are worked off.

    Args:
        inputs: Files, folders, or `-` for JSON lines on stdin.
        text_field: Whether the request has a field `text`, which a text file fills.

    Raises:
        InputError: stdin is asked for, and is a terminal.
    """

    def __init__(self, inputs: Sequence[str], *, text_field: bool) -> None:
        self._text_field = text_field
        self._stdin = _read_stdin() if STDIN in inputs else []
        self._files = [path for each in inputs for path in _expand(each)]

    def __len__(self) -> int:
        """How many items there are, as far as can be told before reading: a JSON file counts as one."""
        return sum(self._count(path) for path in self._files)

    def __iter__(self) -> Iterator[Item | Unreadable]:
        """Each item, or why there is none; after a bad one the rest goes on."""
        for path in self._files:
            try:
                if str(path) == STDIN:
                    yield from read_lines("stdin", "stdin", self._stdin)
                else:
                    yield from read_source(path, text_field=self._text_field)
            except InputError as error:
                yield Unreadable(error)
            except OSError as error:
                yield Unreadable(_refused(path, error))

    def _count(self, path: Path) -> int:
        if str(path) == STDIN:
            return max(1, sum(1 for line in self._stdin if line.strip()))
        if path.suffix.lower() not in LINES:
            return 1
        try:
            if not path.is_file():
                return 1
            with path.open("rb") as file:
                return max(1, sum(1 for line in iter(lambda: file.readline(LARGEST), b"") if line.strip()))
        except OSError:
            return 1


def _expand(name: str) -> Iterator[Path]:
    """A file as it is; the files of a folder and of those below it, sorted, without hidden ones."""
    if name == STDIN or not os.path.isdir(name):  # noqa: PTH112 (it does not raise)
        yield Path(name)
        return
    unlisted: list[OSError] = []
    for folder, folders, files in os.walk(name, onerror=unlisted.append):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        yield from (Path(folder, each) for each in sorted(files) if not each.startswith("."))
    yield from (Path(error.filename) for error in unlisted)


def _read_stdin() -> list[bytes]:
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError(
            "input -", got="a terminal", expected="JSON lines on stdin", fix="pipe them: … | quorate run GRAPH -"
        )
    return sys.stdin.buffer.readlines()


def _refused(path: Path, error: OSError) -> InputError:
    return InputError(
        str(path), got=error.strerror or str(error), expected="a file that can be read", fix="check its permissions"
    )
