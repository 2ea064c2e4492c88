"""Failure: an error as people read it, and as the process ends with it."""

from __future__ import annotations

import errno
import functools
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from .exit_status import ExitStatus
from .printable import printable
from .screen import errors

if TYPE_CHECKING:
    from ..contracts import QuorateError

__all__ = ["DEBUG", "place_of", "reported", "show_error", "show_lost_output"]

DEBUG = "QUORATE_DEBUG"
"""Environment variable that `--debug` sets: an error shows its traceback."""

_LOST = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What a stream raises that takes no more."""

P = ParamSpec("P")
R = TypeVar("R")


def reported(command: Callable[P, R]) -> Callable[P, R]:
    """The command, ending with a readable error and an exit status instead of a traceback."""
    import typer

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            errors().print("Stopped.")
            raise typer.Exit(ExitStatus.STOPPED) from None
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except Exception as error:
            raise typer.Exit(_show(error)) from None

    return run


def _show(error: Exception) -> ExitStatus:
    from ..contracts import QuorateError

    if isinstance(error, QuorateError):
        show_error(error)
        return ExitStatus.USAGE
    if not show_lost_output(error):
        _show_unexpected(error)
    return ExitStatus.FAILED


def show_lost_output(error: Exception | None = None) -> bool:
    """Whether what was printed cannot be sent; if so, say why on stderr, and print no more.

    Args:
        error: What the command raised; None: it has ended, and the rest is to be sent.
    """
    if error is None:
        try:
            sys.stdout.flush()
        except OSError as problem:
            error = problem
    if not isinstance(error, OSError) or error.filename is not None or error.errno not in _LOST:
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    # Where whoever read it has gone, as in `quorate threads | head`, nobody wants to hear of it.
    if error.errno != errno.EPIPE:
        with suppress(OSError):  # it may be stderr itself
            errors().print(f"error: the output is not complete: {error.strerror}", soft_wrap=True)
    return True


def show_error(error: QuorateError) -> None:
    """Print where it happened, what came, what was expected and what to do, on stderr."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    screen = errors()
    screen.print(Text.assemble(("error: ", "bold red"), printable(error.where)), soft_wrap=True)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, text in (("got", error.got), ("expected", error.expected), ("fix", error.fix)):
        table.add_row(name, printable(text))
    screen.print(Padding(table, (0, 0, 0, 2)))
    _show_traceback(error)


def place_of(error: BaseException) -> str:
    """The line of code that raised it, as `file.py:12`."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{PurePath(error.filename).name}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"


def _show_unexpected(error: Exception) -> None:
    screen = errors()
    what = printable(f"{type(error).__name__}: {error}")
    screen.print(f"unexpected error: {what} (at {place_of(error)})", soft_wrap=True)
    if not os.environ.get(DEBUG):
        screen.print("  To see the traceback, run `quorate --debug …`.")
    _show_traceback(error)


def _show_traceback(error: BaseException) -> None:
    if os.environ.get(DEBUG):
        sys.stderr.write("".join(traceback.format_exception(error)))
