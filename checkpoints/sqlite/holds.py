"""SqliteHolds: which runs are at work on a SQLite file, known to all handles of a process and to other processes."""

from __future__ import annotations

import atexit
import sys
from pathlib import Path
from threading import Lock

from ..log.hold import Holds, Locks

if sys.platform != "win32":
    from .lock_file import LockFile

__all__ = ["SqliteHolds"]


class SqliteHolds(Holds):
    """Which runs are at work on a SQLite file: see `Holds`. Get it by `of`: one serves all handles of this process.

    Other processes see it by locks on the bytes of an empty file beside it, `desk.db-lock`; not on Windows.
    """

    _turn = Lock()
    _open: dict[Path, SqliteHolds] = {}  # noqa: RUF012 - shared on purpose: the locks are the process's

    def __init__(self, path: Path) -> None:
        locks: Locks | None = None
        if sys.platform != "win32":
            locks = LockFile(path.with_name(f"{path.name}-lock"), like=path)
        super().__init__(locks)
        self._path = path
        self._handles = 0

    @classmethod
    def of(cls, path: Path) -> SqliteHolds:
        """Those of a file, to be closed by each handle that has asked for them."""
        path = path.resolve()
        with cls._turn:
            found = cls._open.get(path)
            if found is None:
                found = cls._open[path] = cls(path)
            found._handles += 1
            return found

    def close(self) -> None:
        """Let go of them; the last handle's releases all."""
        with self._turn:
            self._handles -= 1
            if not self._handles:
                self._open.pop(self._path, None)
                super().close()

    def forget(self) -> None:
        """Begin anew in a forked process: the runs are the parent's."""
        type(self)._turn = Lock()
        super().forget()

    @classmethod
    def _end(cls) -> None:
        # For handles that live as long as a module: what nobody else uses is removed.
        for holds in cls._open.values():
            super(SqliteHolds, holds).close()


atexit.register(SqliteHolds._end)
