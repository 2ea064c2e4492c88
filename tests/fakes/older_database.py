"""OlderDatabase: a database as an earlier quorate made it, with the checkpoints in the stock savers' tables."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from tests.fakes.scenarios_of_time import Log

__all__ = ["asking", "make_schema_1"]

_META = "CREATE TABLE IF NOT EXISTS quorate_meta (key TEXT PRIMARY KEY NOT NULL, value TEXT)"
_LEDGER = """
CREATE TABLE IF NOT EXISTS effects_ledger (
    key TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    thread TEXT NOT NULL,
    digest TEXT NOT NULL,
    args TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('executing', 'done')),
    result TEXT,
    begun_at TEXT NOT NULL,
    done_at TEXT
)
"""
_EFFECT = (
    "INSERT INTO effects_ledger VALUES ('k', 'post', 't', 'd', '{}', 'done', '7', '2026-01-01T00:00:00+00:00',"
    " '2026-01-01T00:00:01+00:00')"
)
_SCHEMA = "INSERT INTO quorate_meta VALUES ('schema', '1')"


def make_schema_1(url: str) -> None:
    """Make of a stock saver's database one of schema 1, with an entry `k` in the ledger."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
            for statement in (_META, _LEDGER, _EFFECT, _SCHEMA):
                connection.execute(statement)
        return
    import psycopg

    ledger = _LEDGER.replace("args TEXT", "args json").replace("result TEXT", "result json")
    ledger = ledger.replace("begun_at TEXT", "begun_at timestamptz").replace("done_at TEXT", "done_at timestamptz")
    with psycopg.connect(url) as connection:
        for statement in (_META, ledger, _EFFECT, _SCHEMA):
            connection.execute(statement.encode())


def asking(saver: BaseCheckpointSaver[Any]) -> Any:
    """A graph that asks one question in each run."""
    builder = StateGraph(Log)
    builder.add_node("ask", lambda state: {"log": [interrupt(len(state["log"]))], "last": "ask"})
    return builder.add_edge(START, "ask").compile(checkpointer=saver)
