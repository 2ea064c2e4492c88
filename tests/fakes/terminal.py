"""Terminal: a command called at a terminal, with somebody who answers."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["at_terminal"]


def at_terminal(command: Sequence[str], folder: Path, environment: Mapping[str, str], answer: str) -> tuple[int, str]:
    """Call a command at a terminal, type an answer, and give its exit status and what it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, cwd=folder, env={**environment, "TERM": "dumb"}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return process.wait(timeout=60), shown.decode(errors="replace")
