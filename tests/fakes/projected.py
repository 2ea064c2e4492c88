"""Projected tables, read back as a person with an SQL shell reads them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from quorate.checkpoints.projection.column import ColumnType, ProjectedTable
from quorate.checkpoints.projection.tables import TABLES

__all__ = ["all_rows", "plain_rows", "query"]


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


def plain_rows(url: str) -> dict[str, list[dict[str, Any]]]:
    """All rows as `all_rows` gives them, with values that are the same of SQLite and of Postgres."""
    rows = all_rows(url)
    return {table.name: [_plain_row(table, row) for row in rows[table.name]] for table in TABLES}


def _plain_row(table: ProjectedTable, row: dict[str, Any]) -> dict[str, Any]:
    return {column.name: _plain(column.type, row[column.name]) for column in table.columns}


def _plain(kind: ColumnType, value: Any) -> Any:
    match kind, value:
        case "json", str():
            return json.loads(value)
        case "boolean", int():
            return bool(value)
        case "time", datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case _:
            return value


def _key(table: ProjectedTable) -> str:
    return ", ".join(table.names[: table.key])
