"""SqliteTable: a table of effects in a SQLite file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from sqlite_utils.db import quote_identifier

from ...contracts import DatabaseError
from ..effects.column import KEY, OURS, ROW, SEQ, Kind, Layout, as_row, check_name, from_row, lay_out, matches
from .file import table_of

if TYPE_CHECKING:
    from sqlite_utils import Database

    from .file import SqliteFile

__all__ = ["SqliteTable"]


class SqliteTable:
    """A table of effects in a SQLite file: see `Table`. It is made with its first row.

    Raises:
        DatabaseError: The name cannot be one of a table, or belongs to a table that is not quorate's.
    """

    idempotent: Literal[True] = True

    def __init__(self, file: SqliteFile, name: str) -> None:
        self._file = file
        self._name = name
        self._where = f"{file.shown}, table {name!r}"
        check_name(name, self._where)
        with file.reading() as database:
            self._kinds(database)

    @property
    def name(self) -> str:
        """Name of the table in the database."""
        return self._name

    def execute(self, key: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """The row under `key`: `{"key": key, **args}`. It is inserted once; a second call gives the first row.

        Raises:
            DatabaseError: `args` is not plain JSON data, or a name in it cannot be a column.
        """
        row = as_row(args, self._where)
        with self._file.transaction() as database:
            stored = self._stored(database, key)
            if stored is None:
                layout = lay_out(self._kinds(database), row, self._where)
                self._shape(database, layout)
                table_of(database, self._name).insert({KEY: key, **layout.values, ROW: row})
                stored = row
        return from_row(key, stored)

    def lookup(self, key: str) -> dict[str, Any] | None:
        """The row under `key`, or None."""
        with self._file.reading() as database:
            stored = self._stored(database, key)
        return None if stored is None else from_row(key, stored)

    def rows(self, where: Mapping[str, Any] | None = None, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows, newest first, at most `limit`; with `where`, those that have these values."""
        with self._file.reading() as database:
            kinds = self._kinds(database)
            values = matches(kinds, where or {})
            if not kinds or values is None:
                return []
            found = table_of(database, self._name).rows_where(
                " AND ".join(f"{quote_identifier(column)} IS ?" for column in values) or None,
                list(values.values()),
                select=f"{KEY}, {ROW}",
                order_by=f"{SEQ} DESC",
                limit=limit,
            )
            return [from_row(row[KEY], row[ROW]) for row in found]

    def __len__(self) -> int:
        """How many rows there are."""
        with self._file.reading() as database:
            return table_of(database, self._name).count if self._kinds(database) else 0

    def _kinds(self, database: Database) -> dict[str, Kind]:
        table = table_of(database, self._name)
        kinds: dict[str, Kind] = (
            {column.name: "text" if column.type == "TEXT" else "number" for column in table.columns}
            if table.exists()
            else {}
        )
        if kinds and not kinds.keys() >= OURS:
            raise DatabaseError(
                self._where,
                got="a table that quorate did not make",
                expected=f"the columns {', '.join(sorted(OURS))}",
                fix="choose another name",
            )
        return kinds

    def _stored(self, database: Database, key: str) -> str | None:
        if not self._kinds(database):
            return None
        found = table_of(database, self._name).rows_where(f"{KEY} = ?", [key], select=ROW)
        return next((str(row[ROW]) for row in found), None)

    def _shape(self, database: Database, layout: Layout) -> None:
        table = table_of(database, self._name)
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
