"""Warm command: `quorate` called in real processes that need not import it again. POSIX only."""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["WarmCommand", "warm_command"]

_PATIENCE = 120.0
"""How long a call may take, in seconds."""
_ROOT = Path(__file__).resolve().parents[2]
_STREAMS = ("stdin", "stdout", "stderr")
_LATER = ("cel", "dateutil.parser", "langchain_core.tracers.langchain", "rich._unicode_data", "sqlite_utils.db")
"""What the command imports only while it runs a graph or opens a database."""


class WarmCommand:
    """A process that has imported the command, and forks a process for each call of it.

    Such a process has a folder, an environment, streams and an end of its own, as after `python -m quorate`; what it
    has not is an interpreter that has just started. That the command works in one of those must be tested beside it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], given: bytes = b""
    ) -> tuple[int, bytes, bytes]:
        """Call the command; its exit status, its stdout and its stderr."""
        with tempfile.TemporaryDirectory() as name, self._lock:
            streams = [Path(name, stream) for stream in _STREAMS]
            streams[0].write_bytes(given)
            status = self._ask(
                {
                    "arguments": list(arguments),
                    "folder": str(folder),
                    "environment": dict(environment),
                    "streams": [str(stream) for stream in streams],
                }
            )
            return status, streams[1].read_bytes(), streams[2].read_bytes()

    def close(self) -> None:
        """End the process, and a call that hangs."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def _ask(self, call: dict[str, Any]) -> int:
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(call).encode() + b"\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], _PATIENCE)[0]:
            self.close()
        return int(process.stdout.readline())

    @staticmethod
    def _start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a process group of its own, to be ended with a call that hangs
        )


@cache
def warm_command() -> WarmCommand:
    """The one of this process, which ends with it."""
    command = WarmCommand()
    atexit.register(command.close)
    return command


def _serve() -> None:
    """Answer calls until the other side is gone; returns in each child, which is to be the command."""
    # What the standard streams are is up to each child.
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    gc.freeze()
    for line in calls:
        assert threading.active_count() == 1  # a thread's locks would stay locked in the child
        child = os.fork()
        if not child:
            os.close(calls.fileno())
            os.close(answers.fileno())
            _become(json.loads(line))
            return
        answers.write(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        answers.flush()
    os._exit(0)


def _become(call: dict[str, Any]) -> None:
    for number, stream in enumerate(call["streams"]):
        opened = os.open(stream, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    time.tzset()
    sys.argv[1:] = call["arguments"]
    sys.path[0] = call["folder"]


if __name__ == "__main__":
    import quorate

    names = [module.name for module in pkgutil.walk_packages(quorate.__path__, "quorate.")]
    for name in (*names, *_LATER):
        if name != "quorate.__main__":
            import_module(name)
    _serve()
    import_module("quorate.command").main()
