"""StockFile: a SQLite file as LangGraph's own saver makes it, whose rows a test writes one by one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import ormsgpack
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

__all__ = ["OLD_WRITES", "StockFile", "as_json", "call"]

_CHECKPOINTS = """
CREATE TABLE checkpoints (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL DEFAULT '',
    checkpoint_id TEXT NOT NULL,
    parent_checkpoint_id TEXT,
    type TEXT,
    checkpoint BLOB,
    metadata BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
)
"""
_WRITES = """
CREATE TABLE writes (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL DEFAULT '',
    checkpoint_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    task_path TEXT NOT NULL DEFAULT '',
    idx INTEGER NOT NULL,
    channel TEXT NOT NULL,
    type TEXT,
    value BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
)
"""
OLD_WRITES = _WRITES.replace("    task_path TEXT NOT NULL DEFAULT '',\n", "")
"""The table before LangGraph's tasks had paths."""


class StockFile:
    """A SQLite file as LangGraph's own saver makes it.

    Args:
        path: The file, which is made.
        writes: The statement that makes the table of writes.
    """

    def __init__(self, path: Path, writes: str = _WRITES) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        self._serde = JsonPlusSerializer(pickle_fallback=True)
        self.run(_CHECKPOINTS)
        self.run(writes)

    def run(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        """Run a statement, and commit."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(sql, values)

    def checkpoint(self, id: str, parent: str | None = None, **fields: Any) -> None:  # noqa: A002 (what it is)
        """Add a checkpoint of the thread `t` whose values are `values` and whose versions are 1 unless given."""
        self.row("msgpack", self.packed(id, **fields), id, parent)

    def packed(self, id: str, **fields: Any) -> bytes:  # noqa: A002 (what it is)
        """A checkpoint as msgpack."""
        return self._serde.dumps_typed(self.plain(id, **fields))[1]

    def plain(
        self,
        id: str,  # noqa: A002 (what it is)
        *,
        values: dict[str, Any] | None = None,
        versions: dict[str, Any] | None = None,
        v: int = 4,
        **more: Any,
    ) -> dict[str, Any]:
        """A checkpoint."""
        values = values or {}
        return {
            "v": v,
            "id": id,
            "ts": "2024-05-04T06:32:42+00:00",
            "channel_values": values,
            "channel_versions": dict.fromkeys(values, f"{1:032}.0.25") if versions is None else versions,
            "versions_seen": {},
            **more,
        }

    def row(
        self,
        form: str | None,
        content: Any,
        id: str,  # noqa: A002 (what it is)
        parent: str | None = None,
        *,
        thread: Any = "t",
        metadata: Any = b'{"source": "loop", "step": 1, "parents": {}}',
    ) -> None:
        """Add a row of checkpoints."""
        self.run("INSERT INTO checkpoints VALUES (?, '', ?, ?, ?, ?, ?)", (thread, id, parent, form, content, metadata))

    def write(self, checkpoint: str, task: str, idx: int, channel: str, value: Any, path: str = "") -> None:
        """Add a row of writes."""
        self.raw_write(checkpoint, task, idx, channel, *self._serde.dumps_typed(value), path=path)

    def raw_write(
        self, checkpoint: str, task: str, idx: int, channel: str, form: str | None, content: Any, path: str = ""
    ) -> None:
        """Add a row of writes as it is."""
        self.run(
            "INSERT INTO writes (thread_id, checkpoint_id, task_id, idx, channel, type, value) VALUES ('t', ?, ?, ?, ?,"
            " ?, ?)",
            (checkpoint, task, idx, channel, form, content),
        )
        if path:
            self.run("UPDATE writes SET task_path = ? WHERE task_id = ? AND idx = ?", (path, task, idx))


def as_json(value: Any) -> bytes:
    """JSON as savers before msgpack wrote it."""
    return json.dumps(value).encode()


def call(module: str, name: str, *args: Any) -> ormsgpack.Ext:
    """A value that says: import this, and call it with these arguments."""
    return ormsgpack.Ext(1, ormsgpack.packb([module, name, list(args)]))
