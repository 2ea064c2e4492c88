from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["langchain_openai", "openai", "tiktoken", "sqlite_utils", "cel", "yaml"])
def test_heavy_modules_are_imported_late(module: str) -> None:
    """`import quorate.agents` does not import what only some agents need."""
    code = f"import sys, quorate.agents; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
