"""A database that may only be read: an auditor's copy."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.command.desk import Ended
from tests.fakes.till import Till
from tests.fakes.zygote import Zygote

from quorate.checkpoints import open_database

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the modes of files are those of POSIX")


class Copy:
    """A copy of a database, and the command called on it by a user who may not write it."""

    def __init__(self, zygote: Zygote, outer: Path) -> None:
        self._zygote = zygote
        self._outer = outer
        self.folder = outer / "copy"
        self.folder.mkdir()

    def take(self, database: Path, *ends: str) -> None:
        """Copy a file, with those beside it whose names end so."""
        for end in ("", *ends):
            shutil.copyfile(f"{database}{end}", self.folder / f"desk.db{end}")

    def __call__(self, *calls: str, folder_mode: int = 0o555, file_mode: int = 0o444) -> list[Ended]:
        """Call the command; `{}` stands for the URL. What is in the folder must stay as it is."""
        files = sorted(self.folder.iterdir())
        before = [(path, path.read_bytes()) for path in files]
        for path in files:
            path.chmod(file_mode)
        self.folder.chmod(folder_mode)
        mine = self._outer / "mine"
        mine.mkdir(exist_ok=True)
        mine.chmod(0o777)
        arguments = [call.format(f"sqlite:///{self.folder}/desk.db").split() for call in calls]
        said = self._outer / "said"
        try:
            assert self._zygote.wait(self._zygote.start("audit_calls", arguments, str(mine), str(said))) == 0
        finally:
            self.folder.chmod(0o755)
        after = [(path, path.read_bytes()) for path in sorted(self.folder.iterdir())]
        assert after == before
        return [Ended(*each) for each in json.loads(said.read_text())]


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """Starts the processes of the other user."""
    with Zygote("tests.fakes.auditor") as zygote:
        yield zygote


@pytest.fixture
def copy(zygote: Zygote) -> Iterator[Copy]:
    """A folder for a copy, to which other users come too."""
    with tempfile.TemporaryDirectory(prefix="quorate-copy-") as outer:
        Path(outer).chmod(0o755)
        yield Copy(zygote, Path(outer))


@contextmanager
def at_work(folder: Path) -> Iterator[Path]:
    """A database that a process has open: `a` is settled, `b` waits; all of it is in the log beside the file."""
    path = folder / "source.db"
    with open_database(f"sqlite:///{path}") as database, database.saver() as saver:
        desk = Till(database, saver)
        desk.open("a", "3 3")
        desk.open("b", "9 9")
        yield path


READING = (
    "threads --json --db {}",
    "show a --db {}",
    "review --db {}",
    "audit verify --db {}",
    "audit export --db {}",
    "export a - --db {}",
    "project --to sqlite:///tables.db --db {}",
    "prune --keep latest --dry-run --db {}",
)


@pytest.mark.parametrize("folder_mode, file_mode", [(0o555, 0o444), (0o777, 0o444), (0o555, 0o666)])
def test_reading(copy: Copy, tmp_path: Path, folder_mode: int, file_mode: int) -> None:
    """Every command that reads works on a file that may not be written, and leaves nothing beside it."""
    with at_work(tmp_path) as source:
        pass
    copy.take(source)
    ended = copy(*READING, folder_mode=folder_mode, file_mode=file_mode)
    assert [each.status for each in ended] == [0] * len(READING), [each.err for each in ended]
    assert {line["thread"]: line["status"] for line in ended[0].lines} == {"a": "settled", "b": "waiting"}
    assert "nothing is wrong" in ended[3].out
    assert "2 projected" in ended[6].out


def test_writing(copy: Copy, tmp_path: Path) -> None:
    """A command that writes is refused with the permissions to check."""
    with at_work(tmp_path) as source:
        pass
    copy.take(source)
    for ended in copy("prune --keep latest --yes --db {}", "delete a --yes --db {}", "project --db {}"):
        assert ended.status == 2
        assert "check the permissions of the file and of its folder" in ended.err


def test_log_beside_the_file(copy: Copy, tmp_path: Path) -> None:
    """What stands in a log beside the file is read too where SQLite can, and never left out without a word."""
    with at_work(tmp_path) as source:
        copy.take(source, "-wal", "-shm")
        (ended,) = copy("threads --json --db {}")
        assert {line["thread"] for line in ended.lines} == {"a", "b"}
        (copy.folder / "desk.db-shm").unlink()
        (ended,) = copy("threads --json --db {}")
    assert ended.status == 2
    assert "changes in desk.db-wal that are not in the file itself yet" in ended.err
    assert "copy desk.db and desk.db-wal into one folder where you may write" in ended.err


def test_older_file(copy: Copy, tmp_path: Path) -> None:
    """A file of an older quorate, which reading would have to bring up to date first, is refused with what to do."""
    with at_work(tmp_path) as source:
        pass
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("UPDATE quorate_meta SET value = '1' WHERE key = 'schema'")
    copy.take(source)
    (ended,) = copy("threads --db {}")
    assert ended.status == 2
    assert "a database of schema 1" in ended.err
    assert "copy it into a folder where you may write" in ended.err
