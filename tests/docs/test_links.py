"""The links of the README, the docs and the examples' READMEs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/README.md")
    for path in ROOT.glob(pattern)
    if path.is_file()
)
CODE = re.compile(r"^(```|~~~).*?^\1[ \t]*$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(\s*<?(?P<target>[^)>\s]+)|^\[[^\]]+\]:\s*<?(?P<defined>[^>\s]+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def links_of(text: str) -> Iterator[str]:
    """The targets of the links in a page, outside code."""
    for match in LINK.finditer(CODE.sub("", text)):
        yield match["target"] or match["defined"]


def anchors_of(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(re.sub(r"^(```|~~~).*?^\1[ \t]*$", "", text, flags=re.DOTALL | re.MULTILINE))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    found = []
    for target in links_of(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        if not path.exists() or (anchor and anchor not in anchors_of(path.read_text(encoding="utf-8"))):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links(page: Path) -> None:
    """Every relative link of a page leads to a file that exists, and to a heading in it where it names one."""
    assert broken(page) == []


def test_what_is_a_link(tmp_path: Path) -> None:
    """Links to missing files and headings are found; links elsewhere, and what looks like one in code, are not."""
    (tmp_path / "there.md").write_text("# A title, with `code`\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](there.md) [b](there.md#a-title-with-code) [c](#here) [d](https://example.org/x) ![e](none.png)\n"
        "[f](gone.md#x) [g](there.md#gone) `[h](code.md)` [i][ref]\n\n```\n[j](block.md)\n```\n\n[ref]: gone/\n"
    )
    assert broken(page) == ["none.png", "gone.md#x", "there.md#gone", "gone/"]
