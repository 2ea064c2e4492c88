"""What lasts: one database for the checkpoints, the effect ledger, and the tables that effects are written to."""

from .database import Database, open_database
from .memory_ledger import MemoryLedger
from .table import Table
from .thread import Thread

__all__ = ["Database", "MemoryLedger", "Table", "Thread", "open_database"]
