"""PostgresTable: a table of effects in a Postgres database."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from psycopg.sql import SQL, Composed, Identifier

from ...contracts import DatabaseError
from ..effects.column import KEY, OURS, ROW, SEQ, Kind, Layout, as_row, check_name, from_row, lay_out, matches

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

    from .server import PostgresServer

__all__ = ["PostgresTable"]

_TYPES: dict[Kind, SQL] = {"text": SQL("text"), "number": SQL("numeric"), "json": SQL("json")}
_KINDS: dict[str, Kind] = {"numeric": "number", "json": "json"}


class PostgresTable:
    """A table of effects in a Postgres database: see `Table`. It is made with its first row.

    Raises:
        DatabaseError: The name cannot be one of a table, or belongs to a table that is not quorate's.
    """

    idempotent: Literal[True] = True

    def __init__(self, server: PostgresServer, name: str) -> None:
        self._server = server
        self._name = name
        self._table = _identifier(name)
        self._where = f"{server.shown}, table {name!r}"
        check_name(name, self._where)
        with server.transaction() as connection:
            self._kinds(connection)

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
        with self._server.transaction() as connection:
            values = {KEY: key, **self._shaped(connection, row).values, ROW: row}
            connection.execute(
                SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO NOTHING").format(
                    self._table,
                    SQL(", ").join(map(_identifier, values)),
                    SQL(", ").join([SQL("%s")] * len(values)),
                    Identifier(KEY),
                ),
                [_exact(value) for value in values.values()],
            )
            stored = self._stored(connection, key)
        return from_row(key, row if stored is None else stored)

    def lookup(self, key: str) -> dict[str, Any] | None:
        """The row under `key`, or None."""
        with self._server.transaction() as connection:
            stored = self._stored(connection, key) if self._kinds(connection) else None
        return None if stored is None else from_row(key, stored)

    def rows(self, where: Mapping[str, Any] | None = None, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows, newest first, at most `limit`; with `where`, those that have these values."""
        with self._server.transaction() as connection:
            kinds = self._kinds(connection)
            values = matches(kinds, where or {})
            if not kinds or values is None:
                return []
            found = connection.execute(
                SQL("SELECT {}, {} FROM {} WHERE {} ORDER BY {} DESC LIMIT {}").format(
                    Identifier(KEY),
                    Identifier(ROW),
                    self._table,
                    SQL(" AND ").join([SQL("true"), *(_equals(column, kinds[column]) for column in values)]),
                    Identifier(SEQ),
                    SQL("%s"),
                ),
                [*map(_exact, values.values()), limit],
            ).fetchall()
        return [from_row(row[KEY], row[ROW]) for row in found]

    def __len__(self) -> int:
        """How many rows there are."""
        with self._server.transaction() as connection:
            if not self._kinds(connection):
                return 0
            row = connection.execute(SQL("SELECT count(*) AS n FROM {}").format(self._table), ()).fetchone()
            return int(row["n"]) if row else 0

    def _kinds(self, connection: Connection[DictRow]) -> dict[str, Kind]:
        # Not by to_regclass, which a session may answer from its cache until its transaction ends.
        found = connection.execute(
            "SELECT attname AS name, format_type(atttypid, NULL) AS type"
            " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE relname = %s AND relnamespace = current_schema()::regnamespace"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (self._name,),
        ).fetchall()
        kinds: dict[str, Kind] = {row["name"]: _KINDS.get(row["type"], "text") for row in found}
        if kinds and not kinds.keys() >= OURS:
            raise DatabaseError(
                self._where,
                got="a table that quorate did not make",
                expected=f"the columns {', '.join(sorted(OURS))}",
                fix="choose another name",
            )
        return kinds

    def _stored(self, connection: Connection[DictRow], key: str) -> str | None:
        query = SQL("SELECT {row} AS row FROM {table} WHERE {key} = %s").format(
            row=Identifier(ROW), table=self._table, key=Identifier(KEY)
        )
        found = connection.execute(query, (key,)).fetchone()
        return None if found is None else found["row"]

    def _shaped(self, connection: Connection[DictRow], row: str) -> Layout:
        kinds = self._kinds(connection)
        layout = lay_out(kinds, row, self._where)
        if kinds and not layout.new and not layout.widened:
            return layout
        # One at a time, and then looked at again: another process may have added the same columns meanwhile.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('quorate'), hashtext(%s))", (self._name,))
        kinds = self._kinds(connection)
        layout = lay_out(kinds, row, self._where)
        added = [SQL("{} {}").format(_identifier(name), _TYPES[kind]) for name, kind in layout.new.items()]
        if not kinds:
            connection.execute(_create(self._table, added), ())
            return layout
        changes = [SQL("ADD COLUMN {}").format(column) for column in added]
        changes += [SQL("ALTER COLUMN {} TYPE text").format(_identifier(name)) for name in layout.widened]
        if changes:
            connection.execute(SQL("ALTER TABLE {} {}").format(self._table, SQL(", ").join(changes)), ())
        return layout


def _identifier(name: str) -> Identifier:
    # psycopg looks for placeholders in quoted names too; so every statement has parameters, be there none.
    return Identifier(name.replace("%", "%%"))


def _exact(value: Any) -> Any:
    # As a float, Postgres would keep 15 digits of it.
    return Decimal(repr(value)) if isinstance(value, float) else value


def _create(table: Identifier, columns: list[Composed]) -> Composed:
    return SQL("CREATE TABLE {} ({})").format(
        table,
        SQL(", ").join(
            [
                SQL("{} text NOT NULL UNIQUE").format(Identifier(KEY)),
                *columns,
                SQL("{} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY").format(Identifier(SEQ)),
                SQL("{} text NOT NULL").format(Identifier(ROW)),
            ]
        ),
    )


def _equals(column: str, kind: Kind) -> Composed:
    # `json` has no equality; its text is always written in one form.
    cast = SQL("::text") if kind == "json" else SQL("")
    return SQL("{}{} IS NOT DISTINCT FROM %s").format(_identifier(column), cast)
