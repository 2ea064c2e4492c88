"""Projected tables, read back as a person with an SQL shell reads them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from quorate.checkpoints.projection_column import ProjectedTable
from quorate.checkpoints.projection_tables import TABLES

__all__ = ["all_rows", "query"]


def query(url: str, sql: str) -> list[dict[str, Any]]:
    """The rows that a statement gives."""
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]
    import psycopg
    from psycopg.rows import dict_row

    with psycopg.connect(url, row_factory=dict_row) as server:
        return list(server.execute(sql))  # type: ignore[call-overload, no-any-return, unused-ignore]


def all_rows(url: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of all projected tables, in the order of their keys."""
    return {table.name: query(url, f"SELECT * FROM {table.name} ORDER BY {_key(table)}") for table in TABLES}


def _key(table: ProjectedTable) -> str:
    return ", ".join(table.names[: table.key])
