"""ReadAccess: how a SQLite file is opened that is only read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ...contracts import DatabaseError

__all__ = ["ReadAccess", "may_write"]

_LOGS = ("-wal", "-journal")
"""What SQLite puts behind the file's name for a log of changes that are not in the file itself."""


def may_write(path: Path) -> bool:
    """Whether this user may write a file that is there, and make others beside it, as every writer of SQLite does."""
    options = {"effective_ids": True} if os.access in os.supports_effective_ids else {}
    return all(os.access(each, os.W_OK, **options) for each in (path, path.parent))


@dataclass(frozen=True, slots=True)
class ReadAccess:
    """How a SQLite file is opened that is only read, also where this user may not write it. Get it by `of`."""

    path: Path
    """The file."""
    shown: str
    """How errors call it."""
    seen: tuple[int, ...] | None
    """The file as it was found, where it must not change while it is read; None where SQLite sees to that."""

    @classmethod
    def of(cls, path: Path, shown: str) -> Self:
        """The access to a file that is there, as it is now.

        Raises:
            DatabaseError: Changes stand in a log beside it that SQLite cannot read together with it.
        """
        access = cls(path, shown, None)
        if may_write(path):
            return access
        beside = [path.with_name(path.name + end) for end in _LOGS]
        logs = [log for log in beside if log.exists() and log.stat().st_size]
        if not logs:
            # In a folder where nothing can be made, SQLite reads the file only as one that nobody changes.
            return cls(path, shown, _state(path))
        try:
            with closing(access.connect(0)) as connection:
                connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
        except sqlite3.OperationalError as error:
            raise DatabaseError(
                shown,
                got=f"changes in {logs[0].name} that are not in the file itself yet ({error})",
                expected="a file that is whole, where it may only be read",
                fix=f"copy {path.name} and {logs[0].name} into one folder where you may write, and name the copy; or "
                "let somebody open it who may write: quorate threads",
            ) from error
        return access

    def connect(self, wait: float) -> sqlite3.Connection:
        """A connection, which waits so many seconds for a lock."""
        options = "mode=ro" if self.seen is None else "mode=ro&immutable=1"
        return sqlite3.connect(f"{self.path.as_uri()}?{options}", uri=True, timeout=wait, check_same_thread=False)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Read within it.

        Raises:
            DatabaseError: Somebody changed the file meanwhile: what was read may be of two moments.
        """
        try:
            yield
        except Exception:
            self._check()
            raise
        self._check()

    def _check(self) -> None:
        if self.seen is not None and _state(self.path) != self.seen:
            raise DatabaseError(
                self.shown,
                got="a file that somebody has changed while it was read",
                expected="one that stays as it is, as it may only be read here",
                fix="try again",
            )


def _state(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
