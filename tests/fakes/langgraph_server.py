"""The development server of LangGraph, `langgraph dev`, as a process of its own on a free port."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

__all__ = ["LanggraphServer"]

_PATIENCE = 90.0
"""How long it may take to start, in seconds."""


class LanggraphServer:
    """`langgraph dev` on a project's folder; a context manager.

    The test is skipped where the command is not installed beside the interpreter of the tests, or cannot be stopped.

    Args:
        folder: The folder with the `langgraph.json`. The server writes its own files there.
        environment: The environment of the process.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        script = shutil.which("langgraph", path=str(Path(sys.executable).parent))
        if script is None:
            pytest.skip("langgraph-cli is not installed beside this interpreter")
        if not hasattr(os, "killpg"):
            pytest.skip("the server and its children can be stopped only where there are process groups")
        pytest.importorskip("langgraph_api", reason="langgraph-cli is installed without its extra inmem")
        self._port = _free_port()
        self._log = folder / "server.log"
        flags = ["--no-browser", "--no-reload", "--host", "127.0.0.1", "--port", str(self._port)]
        self._command = [script, "dev", *flags]
        self._folder, self._environment = folder, dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LanggraphServer:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a process group of its own, to be stopped with its children
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    @property
    def log(self) -> str:
        """What it printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def get(self, path: str) -> Any:
        """The JSON at a path."""
        return self._ask(urllib.request.Request(self._url(path)))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that it answers to this JSON."""
        headers = {"content-type": "application/json"}
        return self._ask(urllib.request.Request(self._url(path), json.dumps(body).encode(), headers))

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._port}{path}"

    def _ask(self, request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                if self.get("/ok")["ok"]:
                    return
            time.sleep(0.2)
        pytest.fail(f"the server did not start:\n{self.log[-4000:]}")

    def _stop(self) -> None:
        assert self._process is not None
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=20)
                return


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
