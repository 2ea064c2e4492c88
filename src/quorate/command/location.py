"""Location: which database a command works on."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..contracts import DatabaseError
from .langgraph_json import LanggraphJson
from .printable import id_of

if TYPE_CHECKING:
    from ..checkpoints import Database

__all__ = ["VARIABLE", "Location", "scratch"]

VARIABLE = "QUORATE_DB"
"""Environment variable with the URL of the database; `--db` sets it for this process."""


@dataclass(frozen=True, slots=True)
class Location:
    """Which database a command works on."""

    url: str
    """Its URL, with its password."""
    given: bool
    """Whether it was given by `--db`."""

    @classmethod
    def choose(cls, given: str | None) -> Location:
        """The database of `--db`, else of `QUORATE_DB`, else of `env` in `langgraph.json`, else `quorate.db` here.

        The variable is set, so that a graph which calls `open_database()` opens the same.

        Raises:
            DatabaseError: `given` is empty.
        """
        from ..checkpoints.database import DEFAULT_URL

        if given is not None and not given.strip():
            raise DatabaseError(
                "--db", got="an empty URL", expected="sqlite:///file.db, say", fix="name a database, or leave --db out"
            )
        url = given or os.environ.get(VARIABLE)
        if not url:
            project = LanggraphJson.find(Path.cwd())
            url = project.environment.get(VARIABLE) if project is not None else None
        os.environ[VARIABLE] = url or DEFAULT_URL
        return cls(os.environ[VARIABLE], given is not None)

    @property
    def shown(self) -> str:
        """The URL without its password."""
        from ..checkpoints.address import Address

        return Address.parse(self.url).shown

    @property
    def flag(self) -> str:
        """What to add to a further command so that it works on the same database; a password is left to its reader."""
        if not self.given:
            return ""
        return f" --db {shlex.quote(self.url)}" if self.shown == self.url else " --db URL"

    def command(self, *words: str) -> str:
        """A further command on the same database, as it can be given to a shell."""
        return id_of(shlex.join(["quorate", *words])) + self.flag

    def open(self, *, existing: bool = False) -> Database:
        """The database, opened.

        Args:
            existing: Whether a SQLite file that does not exist is an error; by default it is made.

        Raises:
            DatabaseError: It cannot be opened, or does not exist.
        """
        from ..checkpoints import open_database

        if existing:
            self.check_existing()
        return open_database(self.url)

    def open_to_read(self) -> Database:
        """The database, opened by a command that writes nothing to it: a file that may not be written will do.

        Raises:
            DatabaseError: It cannot be opened, or does not exist.
        """
        from ..checkpoints.database import open_to_read

        self.check_existing()
        return open_to_read(self.url)

    def check_existing(self) -> None:
        """Check that a SQLite file is there.

        Raises:
            DatabaseError: It is not.
        """
        from ..checkpoints.address import Address

        address = Address.parse(self.url)
        try:
            there = address.scheme != "sqlite" or address.path.exists()
        except OSError as error:
            raise DatabaseError(
                address.shown,
                got=error.strerror or str(error),
                expected="a path that leads to a file",
                fix="check the path, and the permissions of the folders on it",
            ) from error
        if not there:
            raise DatabaseError(
                address.shown,
                got=f"no file {address.path}",
                expected="a database that `quorate run` has made",
                fix=f"go to its folder, or pass --db or {VARIABLE}",
            )


@contextmanager
def scratch() -> Iterator[Location]:
    """A new database that is removed afterwards, for a graph that is not to touch a real one."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory(prefix="quorate-", ignore_cleanup_errors=True) as folder:
        location = Location(f"sqlite:///{Path(folder, 'scratch.db')}", given=False)
        os.environ[VARIABLE] = location.url
        try:
            yield location
        finally:
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before
