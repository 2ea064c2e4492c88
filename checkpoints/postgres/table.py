"""PostgresTable: a table of effects in a Postgres database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Composed, Identifier

from ..effects.column import KEY, ROW, SEQ, Kind, Layout, lay_out
from ..effects.stored_table import StoredTable
from .ledger import place_of

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

    from .server import PostgresServer

__all__ = ["PostgresTable"]

_TYPES: dict[Kind, SQL] = {"text": SQL("text"), "number": SQL("numeric"), "json": SQL("json")}
_KINDS: dict[str, Kind] = {"numeric": "number", "json": "json"}


class PostgresTable(StoredTable["Connection[DictRow]"]):
    """A table of effects in a Postgres database: see `Table`."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self._server = server
        self._table = _identifier(name)
        super().__init__(place_of(server), server.shown, name)

    def _writing(self) -> AbstractContextManager[Connection[DictRow]]:
        return self._server.transaction()

    def _reading(self) -> AbstractContextManager[Connection[DictRow]]:
        return self._server.transaction()

    def _within(self, connection: Any) -> Connection[DictRow]:
        within: Connection[DictRow] = connection
        return within

    def _inserted(self, transaction: Connection[DictRow], key: str, row: str) -> str:
        values = {KEY: key, **self._shaped(transaction, row).values, ROW: row}
        transaction.execute(
            SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO NOTHING").format(
                self._table,
                SQL(", ").join(map(_identifier, values)),
                SQL(", ").join([SQL("%s")] * len(values)),
                Identifier(KEY),
            ),
            [_exact(value) for value in values.values()],
        )
        stored = self._stored(transaction, key)
        return row if stored is None else stored

    def _removed(self, transaction: Connection[DictRow], key: str) -> bool:
        query = SQL("DELETE FROM {} WHERE {} = %s").format(self._table, Identifier(KEY))
        return bool(transaction.execute(query, (key,)).rowcount)

    def _matching(
        self,
        transaction: Connection[DictRow],
        kinds: Mapping[str, Kind],
        values: Mapping[str, Any],
        limit: int | None,
    ) -> Iterator[tuple[str, str]]:
        found = transaction.execute(
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
        return ((row[KEY], row[ROW]) for row in found)

    def _count(self, transaction: Connection[DictRow]) -> int:
        row = transaction.execute(SQL("SELECT count(*) AS n FROM {}").format(self._table), ()).fetchone()
        return int(row["n"]) if row else 0

    def _kinds(self, transaction: Connection[DictRow]) -> dict[str, Kind]:
        # Not by to_regclass, which a session may answer from its cache until its transaction ends.
        found = transaction.execute(
            "SELECT attname AS name, format_type(atttypid, NULL) AS type"
            " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE relname = %s AND relnamespace = current_schema()::regnamespace"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (self._name,),
        ).fetchall()
        return {row["name"]: _KINDS.get(row["type"], "text") for row in found}

    def _stored(self, transaction: Connection[DictRow], key: str) -> str | None:
        query = SQL("SELECT {row} AS row FROM {table} WHERE {key} = %s").format(
            row=Identifier(ROW), table=self._table, key=Identifier(KEY)
        )
        found = transaction.execute(query, (key,)).fetchone()
        return None if found is None else found["row"]

    def _shaped(self, connection: Connection[DictRow], row: str) -> Layout:
        kinds = self._checked_kinds(connection)
        layout = lay_out(kinds, row, self._where)
        if kinds and not layout.new and not layout.widened:
            return layout
        # One at a time, and then looked at again: another process may have added the same columns meanwhile.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('quorate'), hashtext(%s))", (self._name,))
        kinds = self._checked_kinds(connection)
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
