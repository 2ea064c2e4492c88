"""Exit status: how a command tells a script what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

__all__ = ["EXPLAINED", "ExitStatus", "exit_status"]


class ExitStatus(IntEnum):
    """How a command tells a script what came of it."""

    SETTLED = 0
    """Everything is settled."""
    FAILED = 1
    """Something failed, was rejected, or ended without being settled."""
    USAGE = 2
    """The command line, the policy, the graph or the database is wrong; nothing was run."""
    WAITING = 3
    """Something waits for a person, and nothing is worse."""
    STOPPED = 130
    """A signal stopped it before all was done."""


EXPLAINED = (
    "Exit status: 0 all settled; 1 something failed, was rejected or ended unsettled; 2 the command line, the policy, "
    "the graph or the database is wrong, and nothing was run; 3 something waits for a person; 130 stopped by Ctrl-C or "
    "SIGTERM. 1 wins over 3."
)
"""The same, for `--help`."""


def exit_status(statuses: Iterable[str]) -> ExitStatus:
    """The exit status for threads that stand so: the worst of them."""
    found = set(statuses) - {"settled", "repeated"}
    if not found:
        return ExitStatus.SETTLED
    if "stopped" in found:
        return ExitStatus.STOPPED
    return ExitStatus.WAITING if found == {"waiting"} else ExitStatus.FAILED
