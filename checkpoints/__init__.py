"""What lasts: one database for the checkpoints, the effect ledger, blobs, and the tables of effects."""

from .database import Database, open_database
from .keep import Keep
from .memory_blobs import MemoryBlobs
from .memory_ledger import MemoryLedger
from .retention import Retention
from .table import Table
from .thread import Thread

__all__ = ["Database", "Keep", "MemoryBlobs", "MemoryLedger", "Retention", "Table", "Thread", "open_database"]
