"""What lasts: one database for the checkpoints, the effect ledger, blobs, and the tables of effects."""

from .accounts.memory_accounts import MemoryAccounts
from .blobs.memory_blobs import MemoryBlobs
from .database import Database, open_database
from .effects.memory_ledger import MemoryLedger
from .effects.table import Table
from .journal.memory_journal import MemoryJournal
from .retention import Retention
from .thread import Thread
from .upkeep.keep import Keep

__all__ = [
    "Database",
    "Keep",
    "MemoryAccounts",
    "MemoryBlobs",
    "MemoryJournal",
    "MemoryLedger",
    "Retention",
    "Table",
    "Thread",
    "open_database",
]
