"""SqliteTable: a table of effects in a SQLite file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import sqlite_utils
from sqlite_utils.db import quote_identifier

from ..effects.column import KEY, ROW, SEQ, Kind, Layout, lay_out
from ..effects.stored_table import StoredTable
from .file import table_of
from .ledger import place_of

if TYPE_CHECKING:
    from sqlite_utils import Database

    from .file import SqliteFile

__all__ = ["SqliteTable"]


class SqliteTable(StoredTable["Database"]):
    """A table of effects in a SQLite file: see `Table`."""

    def __init__(self, file: SqliteFile, name: str) -> None:
        self._file = file
        super().__init__(place_of(file), file.shown, name)

    def _writing(self) -> AbstractContextManager[Database]:
        return self._file.transaction()

    def _reading(self) -> AbstractContextManager[Database]:
        return self._file.reading()

    def _within(self, connection: Any) -> Database:
        return sqlite_utils.Database(connection, execute_plugins=False)

    def _kinds(self, transaction: Database) -> dict[str, Kind]:
        table = table_of(transaction, self._name)
        if not table.exists():
            return {}
        return {column.name: "text" if column.type == "TEXT" else "number" for column in table.columns}

    def _stored(self, transaction: Database, key: str) -> str | None:
        found = table_of(transaction, self._name).rows_where(f"{KEY} = ?", [key], select=ROW)
        return next((str(row[ROW]) for row in found), None)

    def _inserted(self, transaction: Database, key: str, row: str) -> str:
        kinds = self._checked_kinds(transaction)
        stored = self._stored(transaction, key) if kinds else None
        if stored is not None:
            return stored
        layout = lay_out(kinds, row, self._where)
        self._shape(transaction, layout)
        table_of(transaction, self._name).insert({KEY: key, **layout.values, ROW: row})
        return row

    def _removed(self, transaction: Database, key: str) -> bool:
        sql = f"DELETE FROM {quote_identifier(self._name)} WHERE {KEY} = ?"
        return bool(transaction.execute(sql, [key]).rowcount)

    def _matching(
        self, transaction: Database, kinds: Mapping[str, Kind], values: Mapping[str, Any], limit: int | None
    ) -> Iterator[tuple[str, str]]:
        found = table_of(transaction, self._name).rows_where(
            " AND ".join(f"{quote_identifier(column)} IS ?" for column in values) or None,
            list(values.values()),
            select=f"{KEY}, {ROW}",
            order_by=f"{SEQ} DESC",
            limit=limit,
        )
        return ((row[KEY], row[ROW]) for row in found)

    def _count(self, transaction: Database) -> int:
        return table_of(transaction, self._name).count

    def _shape(self, transaction: Database, layout: Layout) -> None:
        table = table_of(transaction, self._name)
        types = {column: _type_of(kind, layout.values[column]) for column, kind in layout.new.items()}
        if not table.exists():
            table.create({KEY: str, **types, SEQ: int, ROW: str}, pk=SEQ, not_null={KEY, ROW})
            table.create_index([KEY], unique=True, find_unique_name=True)
            return
        for column, type_ in types.items():
            table.add_column(column, type_)
        if layout.widened:
            table.transform(types=dict.fromkeys(layout.widened, str))


def _type_of(kind: Kind, value: Any) -> type:
    if kind != "number":
        return str
    return int if isinstance(value, int) else float
