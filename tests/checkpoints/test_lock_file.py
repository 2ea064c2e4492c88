from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.fakes.zygote import Zygote

if sys.platform == "win32":
    pytest.skip("locks of POSIX", allow_module_level=True)

from quorate.checkpoints.sqlite.lock_file import LockFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for pipe in ("here", "go"):
        os.mkfifo(tmp_path / pipe)
    return tmp_path / "desk.db-lock"


def standing(zygote: Zygote, path: Path, number: int, *, fork: bool = False) -> int:
    """A process that has taken a number."""
    child = zygote.start("take_and_stand", str(path), str(path.parent), number, fork)
    assert (path.parent / "here").read_text() == "here"
    return child


def test_one_process_has_a_number(zygote: Zygote, path: Path) -> None:
    """A number that another process has is not given, and the error can name that process; others are free."""
    other = standing(zygote, path, 5)
    locks = LockFile(path, like=path.parent)
    assert locks.take(5) == (f"process {other}" if sys.platform == "linux" else "another process")
    assert locks.take(4) is None
    assert locks.take((1 << 62) - 1) is None
    (path.parent / "go").write_text("go")
    assert zygote.wait(other) == 0
    assert locks.take(5) is None
    locks.close()
    assert not path.exists()


def test_released_number(zygote: Zygote, path: Path) -> None:
    """A number that was released is free for others, with the file still open."""
    locks = LockFile(path, like=path.parent)
    assert locks.take(5) is None
    assert locks.take(6) is None
    assert locks.release(5) is None
    other = standing(zygote, path, 5)
    (path.parent / "go").write_text("go")
    assert zygote.wait(other) == 0
    assert path.exists()
    locks.close()
    assert not path.exists()


def test_killed_process(zygote: Zygote, path: Path) -> None:
    """The numbers of a process that was killed are free at once; the file that it leaves is used on, and removed."""
    zygote.kill(standing(zygote, path, 5))
    assert path.exists()
    locks = LockFile(path, like=path.parent)
    assert locks.take(5) is None
    locks.close()
    assert not path.exists()


def test_forked_process(zygote: Zygote, path: Path) -> None:
    """A forked process does not have its parent's numbers, cannot release them, and takes its own."""
    other = standing(zygote, path, 5, fork=True)
    locks = LockFile(path, like=path.parent)
    assert locks.take(5) is not None
    (path.parent / "go").write_text("go")
    assert zygote.wait(other) == 0
    locks.close()


def test_file_that_comes_and_goes(zygote: Zygote, path: Path) -> None:
    """Processes that open and remove the file at the same time never have one number twice."""
    children = [zygote.start("take_turns", str(path), str(path.parent), 150) for _ in range(4)]
    assert [zygote.wait(child) for child in children] == [0] * 4
    assert not path.exists()


def test_nothing_is_made_before_it_is_needed(path: Path) -> None:
    """Without a number taken there is no file, and closing twice is closing once."""
    locks = LockFile(path, like=path.parent)
    locks.release(5)
    locks.close()
    locks.close()
    assert not path.exists()


def test_permissions(path: Path) -> None:
    """The file may be read and written by those who may read and write the database."""
    database = path.with_name("desk.db")
    database.touch(mode=0o640)
    locks = LockFile(path, like=database)
    locks.take(5)
    assert path.stat().st_mode == database.stat().st_mode
    locks.close()


@pytest.mark.parametrize("hindrance", ["no folder", "a folder of that name"])
def test_file_that_cannot_be_made(path: Path, hindrance: str) -> None:
    """Where the file cannot be made every number is free."""
    if hindrance == "no folder":
        path = path.parent / "gone" / path.name
    else:
        path.mkdir()
    locks = LockFile(path, like=path.parent)
    assert locks.take(5) is None
    locks.release(5)
    locks.close()
