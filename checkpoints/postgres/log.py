"""The log's tables in Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .places import BLOCK

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

__all__ = ["create_log"]

_TABLES = f"""
CREATE TABLE IF NOT EXISTS quorate_threads (
    line bigint PRIMARY KEY,
    head bigint,
    owner bigint NOT NULL,
    events bigint NOT NULL,
    early bigint NOT NULL,
    generation bigint NOT NULL,
    thread text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    sealed bytea,
    tip bytea,
    UNIQUE (thread, namespace)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS quorate_checkpoints (
    line bigint NOT NULL,
    seq bigint NOT NULL,
    parent bigint,
    depth bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (line, seq),
    UNIQUE (line, id)
);
CREATE INDEX IF NOT EXISTS quorate_checkpoints_seq ON quorate_checkpoints (seq);
CREATE TABLE IF NOT EXISTS quorate_writes (
    line bigint NOT NULL,
    seq bigint NOT NULL,
    checkpoint bigint,
    mask bigint NOT NULL,
    early text COLLATE "C",
    task text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (line, seq)
);
CREATE INDEX IF NOT EXISTS quorate_writes_checkpoint ON quorate_writes (line, checkpoint);
CREATE TABLE IF NOT EXISTS quorate_removed (
    name text PRIMARY KEY,
    events bigint NOT NULL,
    salt bytea NOT NULL,
    tip bytea,
    removed_at text NOT NULL
);
CREATE SEQUENCE IF NOT EXISTS quorate_places INCREMENT BY {BLOCK};
ALTER TABLE quorate_checkpoints ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE quorate_writes ALTER COLUMN payload SET STORAGE EXTERNAL
"""
# Half of each page of quorate_threads is left free: a line that moves on stays on its page, and no index changes.
# What is compressed already Postgres need not try to compress.


def create_log(connection: Connection[DictRow]) -> None:
    """Make the tables."""
    for statement in _TABLES.split(";"):
        connection.execute(statement.encode())
