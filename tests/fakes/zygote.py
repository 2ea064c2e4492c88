"""Zygote: a process that has imported everything, and forks children that start at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

__all__ = ["Zygote", "until_there"]

_ROOT = Path(__file__).resolve().parents[2]


class Zygote:
    """Starts real processes in a few milliseconds each; the test is skipped where processes cannot be forked.

    Args:
        module: The module whose functions the children run; it is imported once.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, self._module],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def start(self, function: str, *args: Any) -> int:
        """Start a child that calls a function of the module with plain arguments; its process id."""
        if not hasattr(os, "fork"):
            pytest.skip("processes are forked here")
        return int(self._ask({"start": function, "args": args}))

    def wait(self, child: int) -> int:
        """Wait for the end of a child; its exit code, negative after a signal. Its id must not be used after that."""
        return int(self._ask({"wait": child}))

    def kill(self, child: int) -> int:
        """End a child with SIGKILL, wherever it is, and wait for it."""
        os.kill(child, signal.SIGKILL)
        return self.wait(child)

    def _ask(self, request: dict[str, Any]) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


def until_there(*files: Path) -> None:
    """Wait until children have made these files; fail after a minute."""
    most = time.monotonic() + 60
    while not all(file.exists() for file in files):
        assert time.monotonic() < most, "a child says nothing"
        time.sleep(0.001)


def _serve(name: str) -> None:
    module = import_module(name)
    # The answers keep the first stdout; what a child prints must not come between them.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            request = json.loads(line)
            if "wait" in request:
                answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
            else:
                answer = _fork(module, request)
            answers.write(f"{answer}\n")
            answers.flush()


def _fork(module: Any, request: dict[str, Any]) -> int:
    assert threading.active_count() == 1  # a thread's locks would stay locked in the child
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        getattr(module, request["start"])(*request["args"])
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1])
