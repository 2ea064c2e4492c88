"""The log's tables in a SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["create_log"]

_TABLES = """
CREATE TABLE IF NOT EXISTS quorate_threads (
    line INTEGER PRIMARY KEY,
    thread TEXT NOT NULL,
    sealed BLOB,
    namespace TEXT NOT NULL,
    head INTEGER,
    owner INTEGER NOT NULL,
    tip BLOB,
    events INTEGER NOT NULL,
    early INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    UNIQUE (thread, namespace)
) STRICT;
CREATE TABLE IF NOT EXISTS quorate_checkpoints (
    seq INTEGER PRIMARY KEY,
    line INTEGER NOT NULL,
    id TEXT NOT NULL,
    parent INTEGER,
    depth INTEGER NOT NULL,
    digest BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS quorate_checkpoints_id ON quorate_checkpoints (line, id);
CREATE INDEX IF NOT EXISTS quorate_checkpoints_line ON quorate_checkpoints (line);
CREATE TABLE IF NOT EXISTS quorate_writes (
    seq INTEGER PRIMARY KEY,
    line INTEGER NOT NULL,
    checkpoint INTEGER,
    early TEXT,
    task TEXT NOT NULL,
    mask INTEGER NOT NULL,
    digest BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS quorate_writes_checkpoint ON quorate_writes (line, checkpoint);
CREATE TABLE IF NOT EXISTS quorate_removed (
    name TEXT PRIMARY KEY NOT NULL,
    salt BLOB NOT NULL,
    tip BLOB,
    events INTEGER NOT NULL,
    removed_at TEXT NOT NULL
) STRICT;
"""


def create_log(database: Database) -> None:
    """Make the tables."""
    for statement in _TABLES.split(";"):
        database.execute(statement)
