"""The Python blocks of the README and the docs, run as a reader would run them."""

from __future__ import annotations

import re
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
NOT_RUN = "<!-- not run -->"
BLOCK = re.compile(r"^```python[^\n]*\n(?P<code>.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One block of Python in a page."""

    code: str
    line: int
    """Line of its first statement in the page, from 1."""
    runs: bool
    """False where the last line before it says that it is not run."""


def blocks_of(text: str) -> list[Block]:
    return [
        Block(
            code=match["code"],
            line=text.count("\n", 0, match.start("code")) + 1,
            runs=not text[: match.start()].rstrip().endswith(NOT_RUN),
        )
        for match in BLOCK.finditer(text)
    ]


def run(page: Path, module: types.ModuleType) -> None:
    """Run the blocks of a page in one namespace; a traceback shows the lines of the page."""
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.runs:
            exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), module.__dict__)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> types.ModuleType:
    """A module of its own for the page, importable by its name as type hints need it, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    module = types.ModuleType("page_under_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_run(page: Path, module: types.ModuleType) -> None:
    """Every Python block of a page runs, top to bottom, in one namespace."""
    run(page, module)


def test_readme_has_python() -> None:
    """The README shows Python as soon as it has more than its title."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if not text.partition("\n")[2].strip():
        pytest.skip("README.md is a title")
    assert any(block.runs for block in blocks_of(text))


def test_block_positions() -> None:
    """A block is found with its line, and is left out where the page says so."""
    page = f"# Page\n\n```python\na = 1\n```\n\n{NOT_RUN}\n```python\nb = 2\n```\n```console\nls\n```\n"
    assert blocks_of(page) == [Block("a = 1\n", 4, True), Block("b = 2\n", 9, False)]


def test_failing_block(tmp_path: Path, module: types.ModuleType) -> None:
    """A block that fails does so at its line of the page, after the blocks before it have run."""
    page = tmp_path / "page.md"
    page.write_text("```python\nseen = [1]\n```\n\ntext\n\n```python\nseen.append(2)\nraise LookupError(seen)\n```\n")
    with pytest.raises(LookupError) as caught:
        run(page, module)
    assert caught.value.args == ([1, 2],)
    assert caught.traceback[-1].lineno == 8  # counted from 0
