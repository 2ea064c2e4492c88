"""`quorate graph`: the team as a drawing."""

from __future__ import annotations

import importlib.util
import os
import sys

import pytest
from tests.command.desk import Desk


def test_mermaid(desk: Desk) -> None:
    """The drawing is Mermaid text with every agent and what it is for, and leaves nothing behind."""
    before = set(desk.folder.iterdir())
    out = desk("graph", "desk", status=0).out
    for part in (
        "graph TD;",
        "first_line(first_line<hr/>",
        "capability = extraction\nversion = 1.2.0",
        "review(review)",
    ):
        assert part in out, part
    assert {path for path in desk.folder.iterdir() if path.name != "__pycache__"} == before


@pytest.mark.skipif(sys.platform == "win32", reason="the renderer is a script")
def test_png(desk: Desk) -> None:
    """A picture is drawn by mermaid-cli, where it is there."""
    script = f"#!{sys.executable}\nimport sys\nopen(sys.argv[4], 'w').write('PNG of ' + open(sys.argv[2]).read())\n"
    (desk.folder / desk.write("bin/mmdc", script)).chmod(0o755)
    desk.environment["PATH"] = f"{desk.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    assert desk("graph", "desk", "--png", "graph.png", status=0).out == ""
    assert (desk.folder / "graph.png").read_text().startswith("PNG of ---")
    assert "--png missing/graph.png" in desk("graph", "desk", "--png", "missing/graph.png", status=2).err


@pytest.mark.skipif(sys.platform == "win32", reason="the renderer is a script")
def test_failing_renderer(desk: Desk) -> None:
    """What a renderer says that fails is shown."""
    script = f"#!{sys.executable}\nimport sys\nsys.exit('no browser')\n"
    (desk.folder / desk.write("bin/mmdc", script)).chmod(0o755)
    desk.environment["PATH"] = str(desk.folder / "bin")
    assert "no browser" in desk("graph", "desk", "--png", "graph.png", status=2).err


@pytest.mark.skipif(importlib.util.find_spec("pygraphviz") is not None, reason="there is a renderer")
def test_no_renderer(desk: Desk) -> None:
    """Without a renderer the error says what to install, and nothing is sent anywhere."""
    desk.environment["PATH"] = ""
    err = desk("graph", "desk", "--png", "graph.png", status=2).err
    assert "mermaid-cli" in err
    assert "pygraphviz" in err
    assert not (desk.folder / "graph.png").exists()
