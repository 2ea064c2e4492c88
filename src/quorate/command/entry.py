"""Entry: the command as a process, from its first moment to its exit status."""

from __future__ import annotations

import io
import os
import sys

__all__ = ["main"]

# What is imported above is there when Python has started: nobody can press Ctrl-C while it is.
_STOPPED = 130
_STOPPED_TEXT = "Stopped.\n"


def main() -> None:
    """Run the command with the arguments of this process, and end it with an exit status."""
    sys.unraisablehook = _unraisable
    try:
        status = _run()
    except KeyboardInterrupt:
        sys.stderr.write(_STOPPED_TEXT)
        status = _STOPPED
    sys.exit(status)


def _run() -> int:
    _open_streams()
    from .app import app
    from .exit_status import ExitStatus
    from .failure import show_lost_output

    status = 0
    try:
        app(prog_name="quorate")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else bool(end.code)
    except OSError as error:
        if not show_lost_output(error):
            raise
        status = ExitStatus.FAILED
    return ExitStatus.FAILED if show_lost_output() else status


def _open_streams() -> None:
    """Make all standard streams fit to be used: what was closed leads nowhere, and no file gets its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no such character shows another one


def _unraisable(problem: sys.UnraisableHookArgs) -> None:
    """End where Python hears Ctrl-C in a place that nothing can be raised from: in an import as a rule, or at the end.

    It would print a traceback, and go on.
    """
    if not issubclass(problem.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(problem)
        return
    os.write(2, _STOPPED_TEXT.encode())
    os._exit(_STOPPED)
