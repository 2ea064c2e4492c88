"""Drawing: the command `quorate graph`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from ..contracts import InputError
from .field_section import NO_VERSION
from .location import scratch
from .screen import errors
from .team import find_team

if TYPE_CHECKING:
    from langchain_core.runnables.graph import Graph

__all__ = ["draw_graph"]

_RENDERER = "mmdc"
_PATIENCE = 120.0  # seconds; it starts a browser


def draw_graph(graph: str, png: Path | None) -> None:
    """Print the graph as Mermaid text, or write it as a picture.

    A picture is made on this machine, by mermaid-cli (`mmdc`) or pygraphviz, whichever is there; LangGraph's own
    default would send the graph to a server. The graph is made on a database of its own, so that nothing is touched.

    Raises:
        InputError: There is no such graph; there is no renderer, or it failed.
    """
    with scratch(), redirect_stdout(sys.stderr):
        drawn = _plain(find_team(graph).compile().get_graph())
    if png is None:
        sys.stdout.write(drawn.draw_mermaid())
        return
    try:
        if shutil.which(_RENDERER):
            _by_mermaid(drawn, png)
        else:
            _by_graphviz(drawn, png)
    except OSError as error:
        raise InputError(
            f"--png {png}",
            got=error.strerror or str(error),
            expected="a file that can be written",
            fix="check the path",
        ) from error
    errors().print(f"Written to {png}", soft_wrap=True)


def _plain(drawn: Graph) -> Graph:
    """The drawing with what people look for under each agent: what it is for, and its version."""
    for key, node in drawn.nodes.items():
        known = node.metadata or {}
        about = None
        if known.get("capability", key) != key:
            about = {"capability": known["capability"]}
            if known.get("contract_version", NO_VERSION) != NO_VERSION:
                about["version"] = known["contract_version"]
        drawn.nodes[key] = node._replace(metadata=about)
    return drawn


def _by_mermaid(drawn: Graph, png: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="quorate-") as folder:
        source, made = Path(folder, "graph.mmd"), Path(folder, "graph.png")
        source.write_text(drawn.draw_mermaid(), encoding="utf-8")
        command = [_RENDERER, "--input", str(source), "--output", str(made)]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
            said = ended.stderr.strip() or ended.stdout.strip()
        except subprocess.TimeoutExpired:
            said = f"no end after {_PATIENCE:.0f} s"
        if not made.is_file():
            raise InputError(
                f"renderer {shutil.which(_RENDERER)}",
                got=said[-300:] or "no picture",
                expected="a PNG",
                fix="try it by hand, or use the Mermaid text: leave --png out",
            )
        png.write_bytes(made.read_bytes())


def _by_graphviz(drawn: Graph, png: Path) -> None:
    try:
        content = drawn.draw_png(None)
    except ImportError as error:
        raise InputError(
            f"--png {png}",
            got="no renderer on this machine",
            expected=f"{_RENDERER} of mermaid-cli on the PATH, or pygraphviz",
            fix="npm install -g @mermaid-js/mermaid-cli, or pip install pygraphviz (which needs Graphviz); "
            "or paste the Mermaid text, without --png, into any Mermaid viewer",
        ) from error
    png.write_bytes(content)
