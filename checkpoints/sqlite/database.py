"""SqliteDatabase: everything that lasts, in one SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..address import Address
from ..base_database import BaseDatabase
from ..sealing.seal import Keyring, Plain, Sealer
from .accounts import SqliteAccounts
from .blobs import SqliteBlobs
from .file import SqliteFile
from .holds import SqliteHolds
from .journal import SqliteJournal
from .ledger import SqliteLedger
from .schema import prepare
from .store import SqliteStore
from .table import SqliteTable

if TYPE_CHECKING:
    from ..saver.log import Log

__all__ = ["SqliteDatabase"]


class SqliteDatabase(BaseDatabase):
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
        super().__init__(address)
        self._sealer: Sealer = sealer or Keyring.from_environment() or Plain()
        self._file = SqliteFile(address.path, address.shown, to_read=to_read)
        try:
            prepare(self._file, self._sealer, beside_stock=beside_stock)
        except BaseException:
            self._file.close()
            raise
        self._ledger = SqliteLedger(self._file, self._sealer, lambda: SqliteHolds.of(self._file.path))
        self._blobs = SqliteBlobs(self._file, self._sealer)
        self._accounts = SqliteAccounts(self._file, self._sealer)
        self._journal = SqliteJournal(self._file, self._sealer)

    @property
    def ledger(self) -> SqliteLedger:
        """What is known of every effect."""
        return self._ledger

    @property
    def blobs(self) -> SqliteBlobs:
        """What is too large for the state."""
        return self._blobs

    @property
    def journal(self) -> SqliteJournal:
        """What models and tools answered."""
        return self._journal

    @property
    def accounts(self) -> SqliteAccounts:
        """What each tenant has spent."""
        return self._accounts

    def table(self, name: str) -> SqliteTable:
        """The table of that name, for effects that write rows."""
        return SqliteTable(self._file, name)

    def _open_log(self) -> Log:
        from ..saver.log import Log

        return Log(SqliteStore(self._file, self._sealer), self._sealer, SqliteHolds.of(self._file.path))

    def _release(self) -> None:
        self._journal.close()
        self._file.close()
