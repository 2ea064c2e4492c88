"""SqliteProjection: projected tables in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..address import Address
from ..sqlite.file import SqliteFile, table_of
from .cell import cell
from .column import ColumnType, ProjectedTable
from .layout import (
    ABOUT_COLUMNS,
    ALL_TABLES,
    DESCRIPTIONS,
    LAYOUT,
    NAMES,
    SOURCE,
    Relation,
    check_layout,
    check_source,
)
from .rows import Row
from .tables import CHILDREN, TABLES, THREADS
from .target import KnownTurn, Mark, ThreadChange
from .views import VIEWS

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["SqliteProjection"]

_TYPES: dict[ColumnType, type] = {
    "text": str,
    "integer": int,
    "real": float,
    "boolean": int,
    "time": str,
    "json": str,
}


class SqliteProjection:
    """Projected tables in a SQLite file: see `ProjectionTarget`.

    Args:
        address: The file; it is made where it does not exist.
    """

    def __init__(self, address: Address) -> None:
        self._file = SqliteFile(address.path, address.shown)

    def prepare(self, source: str, *, rebuild: bool) -> None:
        """Make the tables and views where they are missing or of another quorate; with `rebuild` empty them."""
        with self._file.transaction() as database:
            described = _described(database)
            existing = _relations(database, described)
            known = next(database[SOURCE.name].rows, None) if SOURCE.name in existing.keys() & described else None
            drop = check_layout(existing, described, None if known is None else known["layout"], self._file.shown)
            if drop or not existing:
                for name in sorted(drop, key=lambda name: existing[name].kind, reverse=True):  # views first
                    (database.view(name) if existing[name].kind == "view" else database.table(name)).drop()
                _make(database)
                known = None
            if known is not None and not rebuild:
                check_source(known["database"], source, self._file.shown)
                return
            for table in (SOURCE, *TABLES):
                table_of(database, table.name).delete_where()
            _insert(database, SOURCE, [(LAYOUT, source or None, None)])

    def marks(self) -> dict[str, Mark]:
        """Up to where each thread was projected."""
        with self._file.reading() as database:
            rows = database.execute(f"SELECT thread, digest, generation FROM {THREADS.name}")
            return {thread: Mark(digest or "", generation) for thread, digest, generation in rows}

    def turns(self, thread: str) -> Mapping[str, KnownTurn]:
        """The turns of a thread that were projected, by the id of their newest checkpoint."""
        with self._file.reading() as database:
            rows = database.execute("SELECT checkpoint, turn, opened_at FROM turns WHERE thread = ?", (thread,))
            return {checkpoint: KnownTurn(turn, opened_at) for checkpoint, turn, opened_at in rows}

    def write(self, changes: Sequence[ThreadChange]) -> None:
        """Write changes in one transaction; those to threads that another process has projected since are left out."""
        with self._file.transaction() as database:
            due = [change for change in changes if _mark(database, change.thread) == change.before]
            for change in due:
                if change.before is not None:
                    _delete(database, change)
            for table in TABLES:
                _insert(database, table, [row for change in due for row in change.rows.get(table.name, ())])

    def finish(self) -> None:
        """Record that all is projected."""
        with self._file.transaction() as database:
            now = cell("time", datetime.now(UTC).isoformat())
            database.execute(f"UPDATE {SOURCE.name} SET projected_at = ?", (now,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _relations(database: Database, described: Mapping[str, tuple[str, ...]]) -> dict[str, Relation]:
    """What is there of the names that are to be made, and of those that are described, by their names here."""
    wanted = {name.lower(): name for name in (*described, *NAMES)}  # SQLite does not tell names by case
    found: dict[str, Relation] = {}
    for there in database.table_names():
        if there.lower() in wanted:
            columns = tuple([column.name for column in database.table(there).columns])
            found[wanted[there.lower()]] = Relation("table", columns)
    for there in database.view_names():
        name = wanted.get(there.lower())
        if name is not None:
            try:
                columns = tuple([column.name for column in database.view(there).columns])
            except sqlite3.OperationalError:  # a table that it selects from was dropped
                columns = described.get(name, ())
            found[name] = Relation("view", columns)
    return found


def _described(database: Database) -> dict[str, tuple[str, ...]]:
    """The columns of each table that the file says is a projection."""
    about = _relations(database, {}).get(ABOUT_COLUMNS.name)
    if about is None or about.columns != ABOUT_COLUMNS.names:
        return {}
    described: dict[str, tuple[str, ...]] = {}
    for row in database[ABOUT_COLUMNS.name].rows_where(order_by="table_name, place"):
        described[row["table_name"]] = (*described.get(row["table_name"], ()), row["column_name"])
    return described


def _make(database: Database) -> None:
    for table in ALL_TABLES:
        key = table.names[: table.key]
        made = table_of(database, table.name)
        made.create(
            {column.name: _TYPES[column.type] for column in table.columns},
            pk=key if table.key > 1 else key[0],
            not_null=set(key),
            foreign_keys=[("thread", THREADS.name, "thread")] if table in CHILDREN else [],
        )
        for columns in table.indexes:
            made.create_index(columns, index_name=f"projection_{table.name}_{'_'.join(columns)}")
    for view in VIEWS:
        database.create_view(view.name, view.query)
    for table, rows in DESCRIPTIONS:
        _insert(database, table, rows)


def _insert(database: Database, table: ProjectedTable, rows: Sequence[Row]) -> None:
    names = table.names
    table_of(database, table.name).insert_all(dict(zip(names, row, strict=True)) for row in rows)


def _mark(database: Database, thread: str) -> Mark | None:
    row = database.execute(f"SELECT digest, generation FROM {THREADS.name} WHERE thread = ?", (thread,)).fetchone()
    return None if row is None else Mark(row[0] or "", row[1])


def _delete(database: Database, change: ThreadChange) -> None:
    for table in CHILDREN:
        database.execute(f"DELETE FROM {table.name} WHERE thread = ? AND turn > ?", (change.thread, change.keep))
    database.execute(f"DELETE FROM {THREADS.name} WHERE thread = ?", (change.thread,))
