"""SqliteStore: the log in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from ..closed import closed
from ..sealing.seal import Sealer
from .file import SqliteFile
from .reader import SqliteReader
from .transaction import Memory, SqliteTransaction

__all__ = ["SqliteStore"]


class SqliteStore:
    """The log in a SQLite file: one connection writes, others read.

    Args:
        file: The file.
        sealer: What names and seals threads.
    """

    def __init__(self, file: SqliteFile, sealer: Sealer) -> None:
        self._file = file
        self._sealer = sealer
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._memory = Memory()
        self._closed = False
        file.gate.before_fork(self._let_go)

    @property
    def shown(self) -> str:
        """How errors call the file."""
        return self._file.shown

    @contextmanager
    def reading(self) -> Iterator[SqliteReader]:
        """Reads of one moment; they do not wait for a writer."""
        with self._file.gate.use(), self._file.explained():
            if self._closed:
                raise closed(self.shown)
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
            try:
                connection.execute("BEGIN")
                yield SqliteReader(connection, self._sealer)
            finally:
                connection.rollback()
                self._idle.append(connection)

    def adding(self) -> AbstractContextManager[SqliteTransaction]:
        """A transaction: that lines are as they were known SQLite tells at its beginning."""
        return self.writing()

    @contextmanager
    def writing(self) -> Iterator[SqliteTransaction]:
        """A transaction, durable when the block ends, undone where it raises."""
        with self._file.gate.use(), self._file.turn, self._file.explained():
            if self._writer is None:
                self._writer = self._connect()
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            try:
                # Of what other connections commit, this number tells: until it changes, what is remembered holds.
                (version,) = connection.execute("PRAGMA data_version").fetchone()
                if version != self._memory.version:
                    self._memory = Memory(version)
                yield SqliteTransaction(connection, self._sealer, self._memory)
                connection.execute("COMMIT")
            except BaseException:
                self._memory = Memory()
                with suppress(sqlite3.Error):  # the first error is the one to tell
                    connection.rollback()
                raise

    def size(self) -> int:
        """Bytes of the file, with those that are still in its write-ahead log."""
        return self._file.size()

    def vacuum(self) -> None:
        """Write the file anew without its gaps."""
        self._file.vacuum()

    def close(self) -> None:
        """Close the connections for good."""
        self._closed = True
        self._let_go()

    def _let_go(self) -> None:
        """Close the connections; who goes on opens new ones."""
        while self._idle:
            self._idle.pop().close()
        if self._writer is not None:
            self._writer.close()
        self._writer, self._memory = None, Memory()  # what is remembered holds for one connection

    def _connect(self) -> sqlite3.Connection:
        connection = self._file.connect()
        connection.isolation_level = None
        connection.text_factory = _text
        return connection


def _text(value: bytes) -> str:
    """A text, also where somebody has put one that is none: it is for its reader to refuse, not for the whole query."""
    return value.decode("utf-8", "surrogateescape")
