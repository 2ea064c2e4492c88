"""`quorate delete`, `copy`, `export`, `import` and `vacuum`: whole threads."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command.desk import Desk
from tests.fakes.full_disk import small_disk


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with a thread that is settled, and one that waits."""
    desk = Desk.new(tmp_path_factory.mktemp("desk"))
    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", status=0)
    desk.waiting()
    return desk.folder


@pytest.fixture
def filled(template: Path, tmp_path: Path) -> Desk:
    """A desk like that, to change."""
    return Desk(Path(shutil.copytree(template, tmp_path / "desk")))


def threads(desk: Desk, *more: str) -> dict[str, str]:
    return {line["thread"]: line["status"] for line in desk("threads", "--json", *more, status=0).lines}


def one(desk: Desk, status: str) -> str:
    return next(thread for thread, found in threads(desk).items() if found == status)


def test_delete(filled: Desk) -> None:
    """Named threads are deleted, a waiting one too; what was posted stays posted."""
    thread = one(filled, "waiting")
    assert filled("delete", thread, "--yes", status=0).out == "1 thread deleted; sqlite:///quorate.db\n"
    assert list(threads(filled).values()) == ["settled"]
    filled("delete", one(filled, "settled"), "--yes", status=0)
    assert threads(filled) == {}
    assert filled.posted() == 1
    filled("run", "desk", "a.txt", status=0)
    assert filled.posted() == 1


def test_empty_new_id(filled: Desk) -> None:
    """A copy, and what is imported under another id, has an id."""
    assert "an empty one" in filled("copy", one(filled, "settled"), "", status=2).err
    filled("export", one(filled, "settled"), "a.jsonl", status=0)
    assert "an empty one" in filled("import", "a.jsonl", "--into", "", status=2).err
    assert len(threads(filled)) == 2


def test_delete_nothing_by_mistake(filled: Desk) -> None:
    """Without a word, or with a name that no thread has, nothing is deleted."""
    thread = one(filled, "settled")
    assert "no --yes" in filled("delete", thread, status=2).err
    assert "the whole id" in filled("delete", thread, "a", "--yes", status=2).err
    filled("delete", "--yes", status=2)
    assert len(threads(filled)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
@pytest.mark.parametrize("answer, left", [("y", 1), ("n", 2)])
def test_delete_at_a_terminal(filled: Desk, answer: str, left: int) -> None:
    """At a terminal it names what would go, and asks."""
    from tests.fakes.terminal import at_terminal

    thread = one(filled, "settled")
    _, shown = at_terminal(filled.command("delete", thread), filled.folder, filled.env, answer)
    assert f"Delete 1 thread for good: {thread}?" in shown
    assert len(threads(filled)) == left


def test_copy(filled: Desk) -> None:
    """A copy is answered by itself."""
    thread = one(filled, "waiting")
    filled("copy", thread[:4], "copied", status=0)
    filled("review", "copied", "--approve", status=0)
    assert threads(filled)[thread] == "waiting"
    assert threads(filled)["copied"] == "settled"
    assert "there already" in filled("copy", thread, "copied", status=2).err
    assert "no thread that begins so" in filled("copy", "x", "y", status=2).err


def test_there_and_back(filled: Desk) -> None:
    """A thread goes to a file and into another database, where it is answered."""
    thread = one(filled, "waiting")
    assert f"{thread} exported: " in filled("export", thread, "t.jsonl", status=0).out
    assert "there already" in filled("export", thread, "t.jsonl", status=2).err
    other = ("--db", "sqlite:///other.db")
    assert filled("import", "t.jsonl", *other, status=0).out.startswith(f"{thread} imported: ")
    assert threads(filled, *other) == {thread: "waiting"}
    assert filled("show", thread, "--json", *other).lines == filled("show", thread, "--json").lines
    filled("review", thread, "--approve", *other, status=0)
    assert threads(filled)[thread] == "waiting"
    assert "there already" in filled("import", "t.jsonl", status=2).err
    filled("import", "t.jsonl", "--into", "again", status=0)
    assert threads(filled)["again"] == "waiting"
    assert filled("audit", "verify", status=0)


def test_through_a_pipe(filled: Desk) -> None:
    """A thread goes to stdout, and comes from stdin."""
    lines = filled("export", one(filled, "settled"), status=0)
    assert [line.get("type", "head") for line in lines.lines][-1] == "end"
    filled("import", "-", "--into", "piped", stdin=lines.out, status=0)
    assert threads(filled)["piped"] == "settled"


@pytest.mark.parametrize(
    "content, told",
    [
        (b"", "got something that is not an exported thread"),
        (b"not JSON\n", "line 1 got a line that is no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[]\n", "no JSON object"),
        (b'{"quorate_thread": 9, "thread": "t"}\n', "upgrade quorate"),
        (b'{"quorate_thread": 1, "thread": "t"}\n', "its end is missing"),
    ],
)
def test_import_of_something_else(desk: Desk, content: bytes, told: str) -> None:
    """A file that is not an exported thread is refused with its line, before a database is made for it."""
    desk.write("x.jsonl", content)
    ended = desk("import", "x.jsonl", status=2)
    assert told in " ".join(ended.err.split())
    if content.startswith(b'{"quorate_thread": 1'):  # what is wrong is found as the thread is written
        assert threads(desk) == {}
    else:
        assert not (desk.folder / "quorate.db").exists()


def test_files_that_cannot_be(filled: Desk) -> None:
    """A file that is not there, or cannot be written, is told."""
    assert "No such file" in filled("import", "missing.jsonl", status=2).err
    assert "No such file" in filled("export", one(filled, "settled"), "missing/t.jsonl", status=2).err
    assert "irectory" in filled("import", ".", status=2).err
    assert not list(filled.folder.glob(".*.jsonl*"))


def test_export_to_a_full_disk(filled: Desk, tmp_path: Path) -> None:
    """Where there is no room for the file, the error says so, and nothing of it is left."""
    with small_disk(tmp_path / "disk", "64k") as disk:
        if disk is None:
            pytest.skip("this user may not mount a file system")
        disk.fill()
        ended = filled("export", one(filled, "settled"), str(disk.folder / "t.jsonl"), status=2)
        assert "free some disk space" in ended.err
        assert [path.name for path in disk.folder.iterdir()] == ["filler"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_stopped_import(filled: Desk) -> None:
    """An import that is stopped in the middle leaves nothing."""
    lines = filled("export", one(filled, "settled"), status=0).out.splitlines(keepends=True)
    process = filled.start("import", "-", "--into", "half", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write("".join(lines[:-2]).encode())
    process.stdin.flush()
    while not (filled.folder / "quorate.db-wal").exists():  # it has opened the database
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.stdin.write(lines[-2].encode())
    process.stdin.close()
    assert process.wait(timeout=60) in (130, 2)
    assert "half" not in threads(filled)


def test_vacuum(filled: Desk) -> None:
    """A vacuum says what it gave back."""
    filled("prune", "--keep", "none", "--yes", status=0)
    done = json.loads(filled("vacuum", "--json", status=0).out)
    assert done["blobs"] == 0
    assert 0 < done["after"] <= done["before"]
    assert "before, " in filled("vacuum", status=0).out
    assert list(threads(filled).values()) == ["waiting"]


def test_postgres(desk: Desk, empty_postgres_url: str) -> None:
    """All of it works on Postgres too."""
    db = ("--db", empty_postgres_url)
    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", *db, status=0)
    (thread,) = threads(desk, *db)
    desk("copy", thread, "copied", *db, status=0)
    desk("prune", "--keep", "latest", "--yes", *db, status=0)
    desk("export", thread, "t.jsonl", *db, status=0)
    desk("delete", thread, "copied", "--yes", *db, status=0)
    desk("import", "t.jsonl", *db, status=0)
    desk("vacuum", *db, status=0)
    assert threads(desk, *db) == {thread: "settled"}
    desk("audit", "verify", *db, status=0)
