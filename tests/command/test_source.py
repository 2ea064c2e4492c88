"""Inputs: what each file gives, and what is said of a bad one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.command.inbox import Inbox
from quorate.command.item import Item, Unreadable, thread_id
from quorate.command.source import LARGEST, read_lines, read_source
from quorate.contracts import InputError


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def requests(items: Iterator[Item | Unreadable]) -> list[object]:
    return [item.request if isinstance(item, Item) else item.error.got for item in items]


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("a.json", '{"a": 1}', [{"a": 1}]),
        ("a.json", '\ufeff{"a": 1}', [{"a": 1}]),
        ("a.json", '[{"a": 1}, 7]', [{"a": 1}, "a number"]),
        ("a.JSONL", '{"a": 1}\n\n{"b": 2}', [{"a": 1}, {"b": 2}]),
        ("a.ndjson", '\ufeff{"a": 1}\r\n[1]\r\n', [{"a": 1}, "a list"]),
        ("a.txt", "some text\n", [{"text": "some text\n"}]),
        ("a.md", "# Title", [{"text": "# Title"}]),
        ("noext", "text", [{"text": "text"}]),
    ],
)
def test_good(tmp_path: Path, name: str, content: str, expected: list[object]) -> None:
    """JSON gives its object or objects, JSON lines one each, other text the field `text`."""
    assert requests(read_source(write(tmp_path, name, content), text_field=True)) == expected


@pytest.mark.parametrize(
    "name, content, where, got",
    [
        ("a.json", '{"a":\n  "cut', "a.json:2", "truncated JSON"),
        ("a.json", '{"a": 1,}', "a.json:1", "invalid JSON"),
        ("a.json", '{"a": NaN}', "a.json", "NaN is not a JSON number"),
        ("a.json", '{"a": "\\ud800"}', "a.json", "half of a surrogate pair"),
        ("a.json", "[" * 100_000, "a.json", "too deeply nested JSON"),
        ("a.json", "7", "a.json", "a number"),
        ("a.json", "null", "a.json", "null"),
        ("a.json", "[]", "a.json", "an empty list"),
        ("a.json", "", "a.json", "an empty file"),
        ("a.txt", " \n ", "a.txt", "an empty file"),
        ("a.txt", b"a\0b", "a.txt", "binary data"),
        ("a.txt", b"one\ntwo \xe9 three\nfour", "a.txt:2", "the byte 0xe9, which is not UTF-8"),
    ],
)
def test_bad(tmp_path: Path, name: str, content: str | bytes, where: str, got: str) -> None:
    """A bad file is an error that says where it is and what came."""
    with pytest.raises(InputError) as caught:
        list(read_source(write(tmp_path, name, content), text_field=True))
    assert caught.value.where == str(tmp_path / where)
    assert got in caught.value.got


def test_utf_16(tmp_path: Path) -> None:
    """A file that begins as UTF-16 does is told how to convert it."""
    with pytest.raises(InputError) as caught:
        list(read_source(write(tmp_path, "a.txt", "one".encode("utf-16")), text_field=True))
    assert "iconv -f UTF-16 -t UTF-8" in caught.value.fix


def test_bad_line(tmp_path: Path) -> None:
    """A bad line is given with its number, and the rest goes on."""
    content = b'{"a": 1}\nnot json\n\xff\xfe\n{"a": "cut\n{"b": 2}\n'
    found = list(read_source(write(tmp_path, "a.jsonl", content), text_field=False))
    assert [item.where.removeprefix(f"{tmp_path}/") for item in found] == [f"a.jsonl:{n}" for n in range(1, 6)]
    assert [isinstance(item, Item) for item in found] == [True, False, False, False, True]


def test_text_without_field(tmp_path: Path) -> None:
    """A text file is no request of a graph whose request has no field `text`."""
    with pytest.raises(InputError, match="has no field `text`"):
        list(read_source(write(tmp_path, "a.txt", "text"), text_field=False))


def test_too_large(tmp_path: Path) -> None:
    """A file over the limit is refused unread; a line over it too, and the lines after it go on."""
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(InputError, match="at most 50 MB"):
        list(read_source(path, text_field=True))
    lines = [b'{"a": 1}\n', b"x" * (LARGEST + 1), b"rest of it\n", b'{"b": 2}\n']
    found = list(read_lines("a.jsonl", "a", lines))
    assert [item.where for item in found] == ["a.jsonl:1", "a.jsonl:2", "a.jsonl:3"]
    assert requests(iter(found)) == [{"a": 1}, "more than 50 MB", {"b": 2}]


def test_inbox(tmp_path: Path) -> None:
    """A folder gives its files and those below it, sorted, without hidden ones; a missing file is told."""
    for name in ("b.txt", "a.txt", ".hidden.txt"):
        write(tmp_path, name, name)
    (tmp_path / "sub").mkdir()
    (tmp_path / ".git").mkdir()
    write(tmp_path / "sub", "c.jsonl", '{"text": "1"}\n{"text": "2"}\n')
    write(tmp_path / ".git", "config", "x")
    inbox = Inbox([str(tmp_path), str(tmp_path / "missing")], text_field=True)
    assert len(inbox) == 5
    assert requests(iter(inbox)) == [{"text": "a.txt"}, {"text": "b.txt"}, {"text": "1"}, {"text": "2"}, "no such file"]


def test_not_a_plain_file(tmp_path: Path) -> None:
    """What is neither file nor folder is told, and not waited for."""
    os = pytest.importorskip("os")
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes")
    os.mkfifo(tmp_path / "pipe")
    assert requests(iter(Inbox([str(tmp_path)], text_field=True))) == ["something that is not a plain file"]


@given(st.text(), st.binary(), st.none() | st.integers(1, 10**6))
def test_thread_id(stem: str, content: bytes, number: int | None) -> None:
    """A thread's id follows from the input, and has no character that a shell or a database minds."""
    made = thread_id(stem, content, number)
    assert made == thread_id(stem, content, number)
    assert re.fullmatch(r"[\w.-]+-[0-9a-f]{8}", made)
    assert not made.startswith("-")
    made.encode()


@given(st.binary(), st.binary())
def test_thread_of_other_content(one: bytes, other: bytes) -> None:
    """Other content is another thread."""
    assert (thread_id("a", one) == thread_id("a", other)) == (one == other)


@given(st.lists(st.binary(max_size=30)))
def test_any_lines(lines: list[bytes]) -> None:
    """Whatever bytes come, every line that is not blank gives an item or an error, and nothing raises."""
    cut = [line.replace(b"\n", b"") + b"\n" for line in lines]
    found = list(read_lines("a.jsonl", "a", cut))
    assert len(found) == max(1, sum(bool(line.strip()) for line in cut))
