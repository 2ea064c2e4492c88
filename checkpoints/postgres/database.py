"""PostgresDatabase: everything that lasts, in one Postgres database."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..address import Address
from ..closed import closed
from ..sealing.seal import Keyring, Plain, Sealer
from .blobs import PostgresBlobs
from .ledger import PostgresLedger
from .schema import prepare
from .server import PostgresServer
from .table import PostgresTable

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from ..log.refusals import Refused
    from ..saver.log import Log
    from ..thread import Thread

__all__ = ["PostgresDatabase"]


class PostgresDatabase:
    """Everything that lasts, in one Postgres database: see `Database`.

    Args:
        address: The database.
        sealer: What seals the rows; by default the keys of the environment do, where there are any.
    """

    def __init__(self, address: Address, *, sealer: Sealer | None = None) -> None:
        self._sealer: Sealer = sealer or Keyring.from_environment() or Plain()
        self._server = PostgresServer(address)
        try:
            prepare(self._server, self._sealer)
        except BaseException:
            self._server.close()
            raise
        self._ledger = PostgresLedger(self._server, self._sealer)
        self._blobs = PostgresBlobs(self._server, self._sealer)
        self._opened: Log | None = None
        self._opening = Lock()
        self._closed = False

    @property
    def url(self) -> str:
        """The URL that the database was opened with."""
        return self._server.address.url

    @property
    def ledger(self) -> PostgresLedger:
        """What is known of every effect."""
        return self._ledger

    @property
    def blobs(self) -> PostgresBlobs:
        """What is too large for the state."""
        return self._blobs

    def table(self, name: str) -> PostgresTable:
        """The table of that name, for effects that write rows."""
        return PostgresTable(self._server, name)

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
        """Close the pool; what is open within a `with` block stays open until that ends."""
        with self._opening:
            opened, self._opened, self._closed = self._opened, None, True
        if opened is not None:
            opened.close()
        self._server.close()

    @property
    def log(self) -> Log:
        """Its checkpoints, for what works on all of them."""
        from ..log.hold import Holds
        from ..saver.log import Log  # with LangGraph's checkpointers, which not every use of a database needs
        from .locks import PostgresLocks
        from .store import PostgresStore

        with self._opening:
            if self._closed:
                raise closed(self._server.shown)
            if self._opened is None:
                holds = Holds(PostgresLocks(self._server.connect))
                self._opened = Log(PostgresStore(self._server.address, self._sealer), self._sealer, holds)
            return self._opened

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"open_database({self._server.shown!r})"
