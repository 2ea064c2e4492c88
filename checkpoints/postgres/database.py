"""PostgresDatabase: everything that lasts, in one Postgres database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..address import Address
from ..base_database import BaseDatabase
from ..log.hold import Holds
from ..sealing.seal import Keyring, Plain, Sealer
from .accounts import PostgresAccounts
from .blobs import PostgresBlobs
from .journal import PostgresJournal
from .ledger import PostgresLedger
from .schema import prepare
from .server import PostgresServer
from .table import PostgresTable

if TYPE_CHECKING:
    from ..saver.log import Log

__all__ = ["PostgresDatabase"]


class PostgresDatabase(BaseDatabase):
    """Everything that lasts, in one Postgres database: see `Database`.

    Args:
        address: The database.
        sealer: What seals the rows; by default the keys of the environment do, where there are any.
    """

    def __init__(self, address: Address, *, sealer: Sealer | None = None) -> None:
        super().__init__(address)
        self._sealer: Sealer = sealer or Keyring.from_environment() or Plain()
        self._server = PostgresServer(address)
        try:
            prepare(self._server, self._sealer)
        except BaseException:
            self._server.close()
            raise
        self._ledger = PostgresLedger(self._server, self._sealer, self._open_holds)
        self._blobs = PostgresBlobs(self._server, self._sealer)
        self._accounts = PostgresAccounts(self._server, self._sealer)
        self._journal = PostgresJournal(self._server, self._sealer)

    @property
    def ledger(self) -> PostgresLedger:
        """What is known of every effect."""
        return self._ledger

    @property
    def blobs(self) -> PostgresBlobs:
        """What is too large for the state."""
        return self._blobs

    @property
    def journal(self) -> PostgresJournal:
        """What models and tools answered."""
        return self._journal

    @property
    def accounts(self) -> PostgresAccounts:
        """What each tenant has spent."""
        return self._accounts

    def table(self, name: str) -> PostgresTable:
        """The table of that name, for effects that write rows."""
        return PostgresTable(self._server, name)

    def _open_log(self) -> Log:
        from ..saver.log import Log
        from .store import PostgresStore

        return Log(PostgresStore(self._address, self._sealer), self._sealer, self._open_holds())

    def _open_holds(self) -> Holds:
        """A session of its own, in which other processes see who is at work."""
        from .locks import PostgresLocks

        return Holds(PostgresLocks(self._server.connect))

    def _release(self) -> None:
        self._journal.close()
        self._server.close()
