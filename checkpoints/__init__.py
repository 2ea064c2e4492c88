"""What lasts: one database for the checkpoints, the effect ledger, blobs, and the tables of effects."""

from .database import Database, open_database
from .memory_blobs import MemoryBlobs
from .memory_ledger import MemoryLedger
from .table import Table
from .thread import Thread

__all__ = ["Database", "MemoryBlobs", "MemoryLedger", "Table", "Thread", "open_database"]
