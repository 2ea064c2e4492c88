"""`quorate prune`: what goes, what stays, and what is asked before."""

from __future__ import annotations

import re
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.command.desk import Desk


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with two threads that are settled, and one that waits."""
    desk = Desk.new(tmp_path_factory.mktemp("desk"))
    for name in ("a", "b"):
        desk.write(f"{name}.txt", f"SHOP {name}\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", "b.txt", status=0)
    desk.waiting()
    return desk.folder


@pytest.fixture
def filled(template: Path, tmp_path: Path) -> Desk:
    """A desk like that, to change."""
    return Desk(Path(shutil.copytree(template, tmp_path / "desk")))


def checkpoints(desk: Desk) -> int:
    from quorate.checkpoints import open_database

    with open_database(f"sqlite:///{desk.folder / 'quorate.db'}") as database, database.saver() as saver:
        return len(list(saver.list(None)))


def statuses(desk: Desk) -> list[str]:
    return sorted(line["status"] for line in desk("threads", "--json", status=0).lines)


def test_keep_latest(filled: Desk) -> None:
    """What is asked of a thread is still asked and answered, and what was settled is shown as before."""
    threads = [line["thread"] for line in filled("threads", "--json").lines]
    before = {thread: filled("show", thread, "--json").lines for thread in threads}
    out = filled("prune", "--keep", "latest", "--yes", status=0).out
    assert re.search(r"\d+ checkpoints of 3 threads, about [\d.]+ KB removed \(keep the newest checkpoint\)", out)
    assert "quorate vacuum" in out
    assert checkpoints(filled) == 3
    assert {thread: filled("show", thread, "--json").lines for thread in threads} == before
    assert filled("audit", "verify", status=0)
    waiting = next(thread for thread in threads if "note" in thread)
    filled("review", waiting, "--approve", status=0)
    assert statuses(filled) == ["settled"] * 3


def test_dry_run(filled: Desk) -> None:
    """With --dry-run it says what would go, and nothing goes."""
    before = checkpoints(filled)
    out = filled("prune", "--keep", "2", "--dry-run", status=0).out
    assert "would go (keep the newest 2 checkpoints)" in out
    lines = filled("prune", "--keep", "2", "--dry-run", "--json", status=0).lines
    assert {(line["kept"], line["deleted"]) for line in lines} == {(2, False)}
    assert checkpoints(filled) == before == sum(line["checkpoints"] + line["kept"] for line in lines)


def test_keep_none(filled: Desk) -> None:
    """Only threads that have ended go altogether; one that waits keeps its newest checkpoint."""
    out = filled("prune", "--keep", "none", "--yes", status=0).out
    assert out.count("none: deleted") == 2
    assert "of 3 threads (2 of these threads entirely), about" in out
    assert statuses(filled) == ["waiting"]


def test_failed(filled: Desk) -> None:
    """Where threads could not be pruned the summary says so, and not that there was nothing to remove."""
    with closing(sqlite3.connect(filled.folder / "quorate.db")) as connection, connection:
        connection.execute("UPDATE quorate_checkpoints SET payload = x'00'")
    ended = filled("prune", "--keep", "latest", "--yes", status=1)
    assert "a row that cannot be read" in ended.err
    assert ended.out.startswith("nothing removed; 3 threads could not be pruned (keep the newest checkpoint)")


def test_older_than(filled: Desk) -> None:
    """What is not old enough stays; without --keep the newest checkpoint of each thread stays too."""
    out = filled("prune", "--older-than", "1h", "--keep", "none", "--yes", status=0).out
    assert out.startswith(
        "nothing to remove (keep nothing of a thread that has ended, and what is not older than 1 hour)"
    )
    filled("prune", "--older-than", "0s", "--yes", status=0)
    assert checkpoints(filled) == 3


def test_named_threads(filled: Desk) -> None:
    """Only the named threads are pruned; the beginning of an id is not enough where something goes."""
    thread = next(line["thread"] for line in filled("threads", "--json").lines if line["thread"].startswith("a-"))
    assert [line["thread"] for line in filled("prune", thread, "--keep", "1", "--yes", "--json").lines] == [thread]
    ended = filled("prune", "b", "--keep", "1", "--yes", status=2)
    assert "the whole id of a thread" in ended.err
    assert "b-" in ended.err


def test_remembered(filled: Desk) -> None:
    """What is remembered is done by `quorate prune` without options, until it is forgotten."""
    filled("prune", "--keep", "latest", "--older-than", "30d", "--remember", "--yes", status=0)
    assert "30 days" in filled("prune", "--yes", status=0).out
    filled("prune", "--forget", status=0)
    ended = filled("prune", "--yes", status=2)
    assert "nothing that the database remembers" in ended.err


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--keep", "latest"], "no terminal to ask at, and no --yes"),
        (["--yes"], "nothing that the database remembers"),
        (["--keep", "all", "--yes"], "latest, decided, none, or how many"),
        (["--keep", "0", "--yes"], "latest, decided, none, or how many"),
        (["--older-than", "30", "--yes"], "a whole number and a unit"),
        (["--older-than", "-1d", "--yes"], "a whole number and a unit"),
        (["--older-than", "999999w", "--yes"], "an age from 0 to 36,500 days"),
        (["--remember", "--yes"], "what is to be remembered"),
        (["--keep", "1", "--remember", "--dry-run"], "--remember is for all threads"),
        (["--forget", "--keep", "1"], "--forget goes alone"),
        (["nobody", "--keep", "1", "--yes"], "no thread of that id"),
    ],
)
def test_bad_input(filled: Desk, arguments: list[str], told: str) -> None:
    """What cannot be meant is told with exit status 2, and nothing goes."""
    before = checkpoints(filled)
    ended = filled("prune", *arguments, status=2)
    assert told in " ".join(ended.err.split())
    assert checkpoints(filled) == before


def test_no_database(desk: Desk) -> None:
    """Pruning where there is no database is an error, and makes none."""
    desk("prune", "--keep", "latest", "--yes", status=2)
    assert not (desk.folder / "quorate.db").exists()


def test_damaged_thread(filled: Desk) -> None:
    """A thread whose rows were changed is left alone and told; the others are pruned."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(filled.folder / "quorate.db")) as connection, connection:
        connection.execute("UPDATE quorate_writes SET task = 'x' WHERE seq = (SELECT min(seq) FROM quorate_writes)")
    ended = filled("prune", "--keep", "latest", "--yes", status=1)
    assert "quorate audit verify" in ended.err
    assert "of 2 threads" in ended.out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
@pytest.mark.parametrize("answer, status, left", [("y", 0, 3), ("n", 1, None), ("", 1, None)])
def test_asked_at_a_terminal(filled: Desk, answer: str, status: int, left: int | None) -> None:
    """At a terminal it shows what would go, and asks; without a yes nothing is done, nor remembered."""
    from tests.fakes.terminal import at_terminal

    before = checkpoints(filled)
    command = filled.command("prune", "--keep", "latest", "--remember")
    ended, shown = at_terminal(command, filled.folder, filled.env, answer)
    assert "Remove" in shown
    assert "of 3 threads" in shown
    assert ended == status
    assert checkpoints(filled) == (before if left is None else left)
    filled("prune", "--yes", status=2 if left is None else 0)
