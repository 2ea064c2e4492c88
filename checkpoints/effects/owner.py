"""Owner: which process began an effect, and whether it is still running."""

from __future__ import annotations

import json
import os
import platform
import sys
from functools import cache
from pathlib import Path

__all__ = ["NOBODY", "is_running", "this_process"]

NOBODY = "nobody"
"""The owner of an effect that nobody is at any more."""


def this_process() -> str:
    """This process as other processes can look for it: machine, system start, process namespace, number, start."""
    process = os.getpid()
    return json.dumps([platform.node(), *_machine(), process, _start_of(process)])


def is_running(owner: str) -> bool | None:
    """Whether the process that `this_process` named is still running; None where it cannot be told from here."""
    try:
        node, boot, space, process, start = json.loads(owner)
        here = [platform.node(), *_machine()] == [node, boot, space]
    except (TypeError, ValueError):
        return None
    if not here or not isinstance(process, int) or sys.platform == "win32":
        return None  # on Windows to ask for a process would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is another user's
    return not start or _start_of(process) == start


@cache
def _machine() -> tuple[str, str]:
    """The start of the system, and the namespace of its processes; empty where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return boot, str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "", ""


def _start_of(process: int) -> str:
    """When a running process started, in ticks since the system did; empty where the system does not tell."""
    try:
        line = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = line.rpartition(")")[2].split()  # the name before it may hold anything
    return "" if fields[0] in "ZX" else fields[19]  # dead, and not yet waited for
