"""ReadAccess: a SQLite file that this user may only read; the whole of it is tested with the command."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from quorate.checkpoints.sqlite.read_access import ReadAccess, may_write
from quorate.contracts import DatabaseError


def test_changed_meanwhile(tmp_path: Path) -> None:
    """A file that is read as one that nobody changes is checked after each reading, also after one that failed."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE a (b)")
    found = path.stat()
    access = ReadAccess(path, "a.db", (found.st_ino, found.st_size, found.st_mtime_ns))
    with access.watched(), closing(access.connect(0)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("a",)]
    os.utime(path, ns=(0, 0))
    with pytest.raises(DatabaseError, match="changed while it was read"), access.watched():
        pass
    with pytest.raises(DatabaseError, match="changed while it was read"), access.watched():
        raise ValueError("damaged, it seems")


def test_may_write(tmp_path: Path) -> None:
    """A file that may be written is left to SQLite, which sees to it that readers and writers agree."""
    path = tmp_path / "a.db"
    path.touch()
    assert may_write(path)
    assert ReadAccess.of(path, "a.db").seen is None
