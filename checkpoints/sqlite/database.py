"""SqliteDatabase: everything that lasts, in one SQLite file."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..address import Address
from ..closed import closed
from ..sealing.seal import Keyring, Plain, Sealer
from .blobs import SqliteBlobs
from .file import SqliteFile
from .holds import SqliteHolds
from .ledger import SqliteLedger
from .schema import prepare
from .store import SqliteStore
from .table import SqliteTable

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from ..log.refusals import Refused
    from ..saver.log import Log
    from ..thread import Thread

__all__ = ["SqliteDatabase"]


class SqliteDatabase:
    """Everything that lasts, in one SQLite file: see `Database`.

    Args:
        address: The file.
        beside_stock: Whether a file of LangGraph's own savers is taken, with quorate's tables beside theirs; by
            default it is refused.
        sealer: What seals the rows; by default the keys of the environment do, where there are any.
        to_read: Whether it is only to be read: then a file that this user may not write is opened, and stays as it is.
    """

    def __init__(
        self, address: Address, *, beside_stock: bool = False, sealer: Sealer | None = None, to_read: bool = False
    ) -> None:
        self._address = address
        self._sealer: Sealer = sealer or Keyring.from_environment() or Plain()
        self._file = SqliteFile(address.path, address.shown, to_read=to_read)
        try:
            prepare(self._file, self._sealer, beside_stock=beside_stock)
        except BaseException:
            self._file.close()
            raise
        self._ledger = SqliteLedger(self._file, self._sealer)
        self._blobs = SqliteBlobs(self._file, self._sealer)
        self._opened: Log | None = None
        self._opening = Lock()
        self._closed = False

    @property
    def url(self) -> str:
        """The URL that the database was opened with."""
        return self._address.url

    @property
    def ledger(self) -> SqliteLedger:
        """What is known of every effect."""
        return self._ledger

    @property
    def blobs(self) -> SqliteBlobs:
        """What is too large for the state."""
        return self._blobs

    def table(self, name: str) -> SqliteTable:
        """The table of that name, for effects that write rows."""
        return SqliteTable(self._file, name)

    def saver(self) -> AbstractContextManager[BaseCheckpointSaver[str]]:
        """A saver for `invoke` and `stream`, open within the `with` block."""
        return self.log.saver()

    def asaver(self) -> AbstractAsyncContextManager[BaseCheckpointSaver[str]]:
        """A saver for `ainvoke` and `astream`, open within the `async with` block."""
        return self.log.asaver()

    def threads(self, limit: int | None = None, *, refused: Refused | None = None) -> list[Thread]:
        """The threads that have a checkpoint, newest first, at most `limit`."""
        return self.log.threads(limit, refused)

    def close(self) -> None:
        """Close the file; what is open within a `with` block stays open until that ends."""
        with self._opening:
            opened, self._opened, self._closed = self._opened, None, True
        if opened is not None:
            opened.close()
        self._file.close()

    @property
    def log(self) -> Log:
        """Its checkpoints, for what works on all of them."""
        from ..saver.log import Log  # with LangGraph's checkpointers, which not every use of a database needs

        with self._opening:
            if self._closed:
                raise closed(self._file.shown)
            if self._opened is None:
                holds = SqliteHolds.of(self._file.path)
                self._opened = Log(SqliteStore(self._file, self._sealer), self._sealer, holds)
            return self._opened

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"open_database({self._address.shown!r})"
