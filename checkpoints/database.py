"""Database: the one place of everything that lasts, behind a URL."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from ..contracts import Accounts, BlobStore, Journal, Ledger, missing_extra
from .address import Address
from .effects.joint_receiver import Compensate, Execute, JointReceiver
from .effects.table import Table
from .thread import Thread

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from .log.refusals import Refused
    from .saver.log import Log
    from .sealing.seal import Sealer

__all__ = ["DEFAULT_URL", "Database", "open_database", "open_sealed", "open_to_read"]

DEFAULT_URL = "sqlite:///quorate.db"
"""Where everything is kept if nobody says otherwise: a file in the current folder."""


class Database(Protocol):
    """Checkpoints, effect ledger, blobs and tables under one URL. Use it as a context manager, or close it.

    One handle serves any number of threads, and any number of handles and processes share a database.
    """

    @property
    def url(self) -> str:
        """The URL that the database was opened with, its password included; `repr` and errors never show it."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What is known of every effect, so that none is executed twice."""
        ...

    @property
    def blobs(self) -> BlobStore:
        """What is too large for the state, each once under its digest."""
        ...

    @property
    def journal(self) -> Journal:
        """What models and tools answered, to be played back."""
        ...

    @property
    def accounts(self) -> Accounts:
        """What each tenant has spent, in all threads."""
        ...

    def table(self, name: str) -> Table:
        """The table of that name, for effects that write rows. It is made with its first row.

        Raises:
            DatabaseError: The name cannot be one of a table, or belongs to a table that is not quorate's.
        """
        ...

    def receiver(self, execute: Execute, compensate: Compensate | None = None) -> JointReceiver:
        """A receiver that writes to tables of the user's own in this database, in one transaction with the ledger.

        Args:
            execute: Called with the connection, the key and the arguments of an effect; its answer is plain JSON data.
                The connection is a `sqlite3.Connection`, or a `psycopg.Connection` whose rows are dicts, within a
                transaction. It is neither committed nor rolled back, and used for nothing else. What raises has not
                happened.
            compensate: The same, to undo an effect: with its answer as a fourth argument.
        """
        ...

    def saver(self) -> AbstractContextManager[BaseCheckpointSaver[str]]:
        """A saver for `invoke` and `stream`, open within the `with` block; its rows give back data only."""
        ...

    def asaver(self) -> AbstractAsyncContextManager[BaseCheckpointSaver[str]]:
        """A saver for `ainvoke` and `astream`, open within the `async with` block; any number of runs share it."""
        ...

    def threads(self, limit: int | None = None, *, refused: Refused | None = None) -> list[Thread]:
        """The threads that have a checkpoint, newest first.

        Args:
            limit: How many at most.
            refused: Takes the error of each one whose row cannot be opened, which is left out then; else it is raised.

        Raises:
            DatabaseError: The database cannot be read, or, without `refused`, a row.
        """
        ...

    @property
    def log(self) -> Log:
        """Its checkpoints, for what works on all of them."""
        ...

    def close(self) -> None:
        """Close it; a saver that is open within a `with` block stays so until that ends, and no longer."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_database(url: str | None = None) -> Database:
    """The database at `url`, with its tables made; by default at `$QUORATE_DB`, else in `quorate.db` here.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `postgresql://user:password@host/name`, which
            needs the extra `postgres`; `postgresql://user@/name?host=/folder` goes through a Unix socket.

    Raises:
        DatabaseError: The URL is of another form, or the database cannot be opened, cannot be written, or was
            made by a newer quorate.
        QuorateError: The extra `postgres` is not installed.
    """
    return open_sealed(Address.parse(url if url is not None else os.environ.get("QUORATE_DB") or DEFAULT_URL), None)


def open_to_read(url: str) -> Database:
    """As `open_database`, to be read: a SQLite file that may not be written is opened too, and stays as it is."""
    return open_sealed(Address.parse(url), None, to_read=True)


def open_sealed(address: Address, sealer: Sealer | None, *, to_read: bool = False) -> Database:
    """As `open_database`, with what seals the rows; None: the keys of the environment, where there are any."""
    if address.scheme == "sqlite":
        from .sqlite.database import SqliteDatabase

        return SqliteDatabase(address, sealer=sealer, to_read=to_read)
    try:
        from .postgres.database import PostgresDatabase
    except ImportError as error:
        raise missing_extra(error.name or "psycopg", "postgres", address.shown) from error
    return PostgresDatabase(address, sealer=sealer)
