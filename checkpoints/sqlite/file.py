"""SqliteFile: one SQLite file, checked when it is opened."""

from __future__ import annotations

import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Lock, RLock
from typing import cast

import sqlite_utils
from sqlite_utils.db import Table

from ...contracts import DatabaseError
from .fork_gate import ForkGate
from .read_access import ReadAccess, may_write

__all__ = ["WAIT", "SqliteFile", "explained", "table_of"]

WAIT = 30.0
"""How long a statement waits for another writer, in seconds, before it fails."""

_MAGIC = b"SQLite format 3\0"

_FIXES = {
    "SQLITE_BUSY": "end the other program that writes to it, and try again",
    "SQLITE_CANTOPEN": "check the permissions of the file and of its folder",
    "SQLITE_READONLY": "check the permissions of the file and of its folder",
    "SQLITE_PERM": "check the permissions of the file and of its folder",
    "SQLITE_FULL": "free some disk space, and try again",
    "SQLITE_NOTADB": "name another file",
    "SQLITE_CORRUPT": "restore the file from a backup",
}


class SqliteFile:
    """One SQLite file. Its own connection is shared by threads, one statement or transaction at a time.

    Args:
        path: The file; it is made where it does not exist yet, in a folder that does.
        shown: How errors call it.
        to_read: Whether it is only to be read, so that one will do that this user may not write.

    Raises:
        DatabaseError: The file cannot be opened, or is not a SQLite database.
    """

    def __init__(self, path: Path, shown: str, *, to_read: bool = False) -> None:
        self.path = path
        self.shown = shown
        self._lock = RLock()
        self.turn = Lock()
        """Held while this process writes: its connections take turns here, and do not poll the file's lock."""
        self.gate = ForkGate(shown)
        """What every use of a connection passes."""
        try:
            _check(path, shown)
            self._access = ReadAccess.of(path, shown) if to_read and path.exists() and not may_write(path) else None
        except OSError as error:
            raise _unfit(shown, str(error), "check the permissions of the file and of its folder") from error
        self._database: sqlite_utils.Database | None = None
        self._closed = False
        self._entered = False
        self._finalize: weakref.finalize[[], SqliteFile] | None = None
        self.gate.before_fork(self._let_go)
        with self.reading():
            pass

    @property
    def is_read_only(self) -> bool:
        """Whether it is opened to be read alone, as this user may not write it."""
        return self._access is not None

    def connect(self) -> sqlite3.Connection:
        """A further connection to the file: durable at each commit, patient with other writers."""
        if self._access is not None:
            return self._access.connect(WAIT)
        connection = sqlite3.connect(self.path, timeout=WAIT, check_same_thread=False)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA fullfsync=ON")  # without it macOS leaves what is written in the disk's own memory
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite_utils.Database]:
        """The database inside one write transaction, which is durable when the block ends and undone if it raises."""
        with self.gate.use(), self._lock, self._unentered(), self.turn, self.explained():
            database = self._own()
            connection = database.conn
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield database
                self._check_open(connection)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # the first error is the one to tell
                    connection.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite_utils.Database]:
        """The database, to read from."""
        with self.gate.use(), self._lock, self.explained():
            yield self._own()

    def use_wal(self) -> None:
        """Let readers and the one writer go on side by side; the file remembers it.

        Raises:
            DatabaseError: The file system does not support it, or the file cannot be written.
        """
        with self.reading() as database:
            mode = _switch_to_wal(database.conn)
        if mode != "wal":
            raise DatabaseError(
                self.shown,
                got=f"journal mode {mode!r}",
                expected="a file system that can do write-ahead logging",
                fix="keep the database on a local disk",
            )

    def size(self) -> int:
        """Bytes of the file, with those that are still in its write-ahead log."""
        every = [self.path, self.path.with_name(f"{self.path.name}-wal")]
        return sum(path.stat().st_size for path in every if path.exists())

    def vacuum(self) -> None:
        """Write the file anew without its gaps, and empty its write-ahead log as soon as nobody reads from it."""
        with self.gate.use(), self.turn, self.explained():
            connection = self.connect()
            try:
                connection.isolation_level = None
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                connection.close()

    def wait_for(self, seconds: float) -> None:
        """Let the own connection wait so long for another writer."""
        with self.reading() as database:
            database.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")

    def close(self) -> None:
        """Close the own connection."""
        with self._lock:
            self._closed = True
            self._let_go()

    def explained(self) -> AbstractContextManager[None]:
        """Turn an error of SQLite into one that says what to do."""
        return explained(self.shown) if self._access is None else self._explained(self._access)

    @contextmanager
    def _unentered(self) -> Iterator[None]:
        """Refuse a transaction within one, which would wait for itself."""
        if self._entered:
            raise DatabaseError(
                self.shown,
                got="a transaction within a transaction",
                expected="one at a time in a thread",
                fix="let a receiver use the connection that it is given, and nothing else of the database",
            )
        self._entered = True
        try:
            yield
        finally:
            self._entered = False

    def _check_open(self, connection: sqlite3.Connection) -> None:
        """Check that whoever wrote within the transaction has not ended it."""
        if not connection.in_transaction:
            raise DatabaseError(
                self.shown,
                got="a transaction that was ended by who wrote within it",
                expected="one that is open to its end",
                fix="let the receiver neither commit nor roll back, also not by `with connection`",
            )

    @contextmanager
    def _explained(self, access: ReadAccess) -> Iterator[None]:
        with explained(self.shown), access.watched():
            yield

    def _own(self) -> sqlite_utils.Database:
        if self._closed:
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        if self._database is None:
            connection = self.connect()
            # Plug-ins of the sqlite-utils command are not loaded: they are meant for its user's shell.
            self._database = sqlite_utils.Database(connection, execute_plugins=False)
            # At the end of the process too, for handles that live as long as a module: the last connection that
            # closes brings the write-ahead log into the file, and one file holds it all.
            self._finalize = weakref.finalize(self, connection.close)
        return self._database

    def _let_go(self) -> None:
        if self._finalize is not None:
            self._finalize()
        self._database = self._finalize = None


@contextmanager
def explained(shown: str, expected: str = "a SQLite file that can be read and written") -> Iterator[None]:
    """Turn an error of SQLite into one that says what to do.

    Args:
        shown: How the error calls the file.
        expected: What was expected of it.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        raise DatabaseError(
            shown,
            got=str(error),
            expected=expected,
            fix=_FIXES.get(code, "open the database again, and look at the file if it goes on"),
        ) from error


def table_of(database: sqlite_utils.Database, name: str) -> Table:
    """A table, whether it exists or not."""
    return cast(Table, database[name])


def _switch_to_wal(connection: sqlite3.Connection) -> str:
    # SQLite does not wait by itself when two connections switch a new file at once.
    deadline = time.monotonic() + WAIT
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _check(path: Path, shown: str) -> None:
    other = "name a file, which is made if it does not exist"
    if not path.parent.is_dir():
        raise _unfit(shown, f"the folder {path.parent}, which does not exist", "make the folder, or correct the path")
    if path.is_dir():
        raise _unfit(shown, "a folder", other)
    if not path.exists():
        return
    if not path.is_file():  # to read from a pipe would wait for ever
        raise _unfit(shown, "something that is not a plain file", other)
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) not in (b"", _MAGIC):
            raise _unfit(shown, "a file that is not a SQLite database", other)


def _unfit(shown: str, got: str, fix: str) -> DatabaseError:
    return DatabaseError(shown, got=got, expected="a SQLite file in a folder that exists", fix=fix)
