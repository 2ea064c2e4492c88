"""PostgresProjection: projected tables in a Postgres database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from ..address import Address
from ..postgres.server import PostgresServer
from .column import ColumnType, ProjectedTable, ProjectedView
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
from .tables import CHILDREN, TABLES, THREADS, TURNS
from .target import KnownTurn, Mark, ThreadChange
from .views import VIEWS

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

__all__ = ["PostgresProjection"]

_TYPES: dict[ColumnType, SQL] = {
    "text": SQL("text"),
    "integer": SQL("bigint"),
    "real": SQL("double precision"),
    "boolean": SQL("boolean"),
    "time": SQL("timestamptz"),
    "json": SQL("jsonb"),
}


class PostgresProjection:
    """Projected tables in the current schema of a Postgres database: see `ProjectionTarget`.

    Args:
        address: The database.
    """

    def __init__(self, address: Address) -> None:
        self._server = PostgresServer(address)

    def prepare(self, source: str, *, rebuild: bool) -> None:
        """Make the tables and views where they are missing or of another quorate; with `rebuild` empty them."""
        with self._server.transaction() as connection:
            _take_turn(connection)
            described = _described(connection)
            existing = _relations(connection, {*NAMES, *described})
            known = _source(connection) if SOURCE.name in existing.keys() & described.keys() else None
            drop = check_layout(existing, described, None if known is None else known["layout"], self._server.shown)
            if drop or not existing:
                _drop(connection, {name: existing[name] for name in drop})
                _make(connection)
                known = None
            if known is not None and not rebuild:
                check_source(known["database"], source, self._server.shown)
                return
            for table in (SOURCE, *reversed(TABLES)):
                connection.execute(SQL("DELETE FROM {}").format(Identifier(table.name)))
            _insert(connection, SOURCE, [(LAYOUT, source or None, None)])

    def marks(self) -> dict[str, Mark]:
        """Up to where each thread was projected."""
        with self._server.transaction() as connection:
            return _marks(connection, None)

    def turns(self, thread: str) -> Mapping[str, KnownTurn]:
        """The turns of a thread that were projected, by the id of their newest checkpoint."""
        with self._server.transaction() as connection:
            rows = connection.execute(
                SQL(
                    "SELECT checkpoint, turn,"
                    """ to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS opened_at"""
                    " FROM {} WHERE thread = %s"
                ).format(Identifier(TURNS.name)),
                (thread,),
            )
            return {row["checkpoint"]: KnownTurn(row["turn"], row["opened_at"]) for row in rows}

    def write(self, changes: Sequence[ThreadChange]) -> None:
        """Write changes in one transaction; those to threads that another process has projected since are left out."""
        with self._server.transaction() as connection:
            _take_turn(connection)
            marks = _marks(connection, [change.thread for change in changes])
            due = [change for change in changes if marks.get(change.thread) == change.before]
            _delete(connection, [change for change in due if change.before is not None])
            for table in TABLES:
                _insert(connection, table, [row for change in due for row in change.rows.get(table.name, ())])

    def finish(self) -> None:
        """Record that all is projected."""
        with self._server.transaction() as connection:
            statement = SQL("UPDATE {} SET projected_at = %s").format(Identifier(SOURCE.name))
            connection.execute(statement, (datetime.now(UTC),))

    def close(self) -> None:
        """Close the connections."""
        self._server.close()


def _take_turn(connection: Connection[DictRow]) -> None:
    """Wait until no other process makes or writes projections, to the end of the transaction."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('quorate'), hashtext('projections'))")


def _relations(connection: Connection[DictRow], names: Iterable[str]) -> dict[str, Relation]:
    rows = connection.execute(
        "SELECT relname AS name, relkind::text AS kind, array_agg(attname::text ORDER BY attnum)"
        " FILTER (WHERE attnum > 0 AND NOT attisdropped) AS columns"
        " FROM pg_class LEFT JOIN pg_attribute ON pg_class.oid = attrelid"
        " WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND relname = ANY(%s) GROUP BY relname, relkind",
        (list(names),),
    )
    return {
        row["name"]: Relation("view" if row["kind"] in ("v", "m") else "table", tuple(row["columns"] or ()))
        for row in rows
    }


def _described(connection: Connection[DictRow]) -> dict[str, tuple[str, ...]]:
    """The columns of each table that the database says is a projection."""
    about = _relations(connection, (ABOUT_COLUMNS.name,)).get(ABOUT_COLUMNS.name)
    if about is None or about.columns != ABOUT_COLUMNS.names:
        return {}
    rows = connection.execute(
        SQL("SELECT table_name, array_agg(column_name ORDER BY place) AS columns FROM {} GROUP BY table_name").format(
            Identifier(ABOUT_COLUMNS.name)
        )
    )
    return {row["table_name"]: tuple(row["columns"]) for row in rows}


def _source(connection: Connection[DictRow]) -> DictRow | None:
    return connection.execute(SQL("SELECT layout, database FROM {}").format(Identifier(SOURCE.name))).fetchone()


def _marks(connection: Connection[DictRow], threads: Sequence[str] | None) -> dict[str, Mark]:
    rows = connection.execute(
        SQL("SELECT thread, digest, generation FROM {} WHERE %s::text[] IS NULL OR thread = ANY(%s)").format(
            Identifier(THREADS.name)
        ),
        (threads, threads),
    )
    return {row["thread"]: Mark(row["digest"] or "", row["generation"]) for row in rows}


def _delete(connection: Connection[DictRow], changes: Sequence[ThreadChange]) -> None:
    if not changes:
        return
    threads, keeps = [change.thread for change in changes], [change.keep for change in changes]
    for table in CHILDREN:
        connection.execute(
            SQL(
                "DELETE FROM {} AS t USING unnest(%s::text[], %s::bigint[]) AS c (thread, keep)"
                " WHERE t.thread = c.thread AND t.turn > c.keep"
            ).format(Identifier(table.name)),
            (threads, keeps),
        )
    connection.execute(SQL("DELETE FROM {} WHERE thread = ANY(%s)").format(Identifier(THREADS.name)), (threads,))


def _insert(connection: Connection[DictRow], table: ProjectedTable, rows: Sequence[Row]) -> None:
    if not rows:
        return
    columns = SQL(", ").join(map(Identifier, table.names))
    statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table.name), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _drop(connection: Connection[DictRow], relations: Mapping[str, Relation]) -> None:
    for kind in ("view", "table"):
        names = [Identifier(name) for name, relation in relations.items() if relation.kind == kind]
        if names:
            connection.execute(SQL("DROP {} {}").format(SQL("VIEW" if kind == "view" else "TABLE"), _listed(names)))


def _make(connection: Connection[DictRow]) -> None:
    for table in ALL_TABLES:
        connection.execute(_create(table))
        for columns in table.indexes:
            connection.execute(
                SQL("CREATE INDEX {} ON {} ({})").format(
                    Identifier(f"projection_{table.name}_{'_'.join(columns)}"),
                    Identifier(table.name),
                    _listed(map(Identifier, columns)),
                )
            )
        _describe(connection, table, SQL("TABLE"))
    for view in VIEWS:
        connection.execute(SQL("CREATE VIEW {} AS {}").format(Identifier(view.name), SQL(view.query)))
        _describe(connection, view, SQL("VIEW"))
    for table, rows in DESCRIPTIONS:
        _insert(connection, table, rows)


def _create(table: ProjectedTable) -> Composed:
    key = table.names[: table.key]
    parts: list[Composable] = [
        SQL("{} {}").format(Identifier(column.name), _TYPES[column.type]) for column in table.columns
    ]
    parts.append(SQL("PRIMARY KEY ({})").format(_listed(map(Identifier, key))))
    if table in CHILDREN:
        # Deferred: a thread's row is replaced while rows of its earlier turns stay.
        references = SQL("FOREIGN KEY (thread) REFERENCES {} DEFERRABLE INITIALLY DEFERRED")
        parts.append(references.format(Identifier(THREADS.name)))
    return SQL("CREATE TABLE {} ({})").format(Identifier(table.name), _listed(parts))


def _describe(connection: Connection[DictRow], described: ProjectedTable | ProjectedView, kind: SQL) -> None:
    name = Identifier(described.name)
    connection.execute(SQL("COMMENT ON {} {} IS {}").format(kind, name, Literal(described.meaning)))
    for column in described.columns:
        text = f"{column.meaning} Unit: {column.unit}." if column.unit else column.meaning
        connection.execute(SQL("COMMENT ON COLUMN {}.{} IS {}").format(name, Identifier(column.name), Literal(text)))


def _listed(parts: Iterable[Composable]) -> Composed:
    return SQL(", ").join(parts)
