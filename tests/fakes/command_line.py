"""The command `quorate` as a process, as a user at the repository's root would call it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.warm_command import warm_command

__all__ = ["ROOT", "CommandLine", "Finished", "clean_environment"]

ROOT = Path(__file__).parents[2]
"""The folder that has the examples and `langgraph.json`."""

_SET_ON_THE_MACHINE = ("OPENAI_", "LANGSMITH_", "LANGCHAIN_", "QUORATE_")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what would change a result, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SET_ON_THE_MACHINE)}
    return {**kept, "COLUMNS": "200", **more}


@dataclass(frozen=True)
class Finished:
    """What a process left."""

    status: int
    """Its exit status."""
    out: str
    """Its stdout."""
    err: str
    """Its stderr."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its stdout, where that is one JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class CommandLine:
    """Calls of `quorate` on one database."""

    database: Path | str
    """The SQLite file, or the URL of another database."""
    environment: Mapping[str, str]
    """The environment of the process."""

    @property
    def url(self) -> str:
        """The URL of the database."""
        return f"sqlite:///{self.database}" if isinstance(self.database, Path) else self.database

    def __call__(self, *arguments: str) -> Finished:
        """Call `quorate` with these arguments, and with `--db`."""
        if not hasattr(os, "fork"):
            return self.script(*arguments)
        status, out, err = warm_command()([*arguments, "--db", self.url], ROOT, self.environment)
        return Finished(status, out.decode(), err.decode())

    def script(self, *arguments: str) -> Finished:
        """The same through the script that is installed beside this interpreter; without one the test is skipped."""
        script = shutil.which("quorate", path=str(Path(sys.executable).parent))
        if script is None:
            pytest.skip("the command is not installed beside this interpreter")
        done = subprocess.run(
            [script, *arguments, "--db", self.url],
            cwd=ROOT,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)
