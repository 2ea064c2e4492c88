from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.zygote import Zygote

from quorate.checkpoints import Database, open_database
from quorate.contracts import DatabaseError, LookupReceiver

NAMES = st.text(min_size=1, max_size=12).filter(
    lambda name: "\0" not in name and name.isprintable() and not name.lower().startswith(("quorate_", "sqlite_", "pg_"))
)
COLUMNS = NAMES.filter(lambda name: name.lower() not in ("key", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
ARGS = st.dictionaries(COLUMNS, JSON, max_size=4).filter(lambda args: len({name.lower() for name in args}) == len(args))

_numbers = count(1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with open_database(database_url) as database:
        yield database


def test_table_is_a_receiver_that_can_be_asked(database: Database) -> None:
    """A table is a receiver of effects, and can be asked afterwards whether one happened."""
    assert isinstance(database.table("receipts"), LookupReceiver)


def test_new_table_is_empty(database: Database) -> None:
    """A table without rows has none to give, and its length is 0."""
    table = database.table("receipts")
    assert (len(table), table.rows(), table.rows({"total": 1}), table.lookup("k")) == (0, [], [], None)


def test_row_is_inserted_once(database: Database) -> None:
    """A second call with one key inserts nothing, and gives the first row."""
    table = database.table("receipts")
    assert table.execute("k", {"company": "ACME", "total": 5}) == {"key": "k", "company": "ACME", "total": 5}
    assert table.execute("k", {"company": "Other"}) == {"key": "k", "company": "ACME", "total": 5}
    assert table.lookup("k") == {"key": "k", "company": "ACME", "total": 5}
    assert len(table) == 1


def test_row_without_arguments(database: Database) -> None:
    """A row may have nothing but its key."""
    assert database.table("seen").execute("k", {}) == {"key": "k"}
    assert database.table("seen").rows() == [{"key": "k"}]


def test_rows_come_newest_first(database: Database) -> None:
    """Rows come in the reverse order of their arrival, at most `limit`."""
    table = database.table("receipts")
    for number in range(5):
        table.execute(f"k{9 - number}", {"n": number})
    assert [row["n"] for row in table.rows()] == [4, 3, 2, 1, 0]
    assert [row["n"] for row in table.rows(limit=2)] == [4, 3]


def test_rows_are_found_by_value(database: Database) -> None:
    """A condition gives the rows that have all of its values."""
    table = database.table("receipts")
    table.execute("1", {"company": "ACME", "total": 5, "paid": True, "lines": [{"n": 1}]})
    table.execute("2", {"company": "ACME", "total": 5.5})
    table.execute("3", {"company": "Other", "total": 5, "paid": None})

    def keys(**where: Any) -> list[str]:
        return [row["key"] for row in table.rows(where)]

    assert keys(company="ACME") == ["2", "1"]
    assert keys(company="ACME", total=5) == ["1"]
    assert keys(total=5.5) == ["2"]
    assert keys(paid=True) == ["1"]
    assert keys(paid=None) == ["3", "2"]
    assert keys(lines=[{"n": 1}]) == ["1"]
    assert keys(key="3") == ["3"]
    assert keys(nothing=1) == []
    assert keys(nothing=None) == ["3", "2", "1"]
    assert keys(total="a lot") == []


def test_column_appears_when_it_is_needed(database: Database) -> None:
    """A new argument gets a column; the rows from before are given back as they were."""
    table = database.table("receipts")
    table.execute("1", {"company": "ACME"})
    table.execute("2", {"company": "ACME", "currency": "MYR"})
    assert table.rows() == [{"key": "2", "company": "ACME", "currency": "MYR"}, {"key": "1", "company": "ACME"}]
    assert [row["key"] for row in table.rows({"currency": "MYR"})] == ["2"]


def test_column_of_numbers_takes_text_later(database: Database) -> None:
    """A column of numbers becomes one of text when a row needs it, and no value changes."""
    table = database.table("receipts")
    table.execute("1", {"total": 7})
    table.execute("2", {"total": "007"})
    table.execute("3", {"total": 7.5})
    assert [row["total"] for row in table.rows()] == [7.5, "007", 7]
    assert [row["key"] for row in table.rows({"total": "007"})] == ["2"]
    assert table.execute("1", {"total": 8}) == {"key": "1", "total": 7}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, rows=st.lists(ARGS, min_size=1, max_size=3))
def test_any_names_and_values(database: Database, name: str, rows: list[dict[str, Any]]) -> None:
    """Whatever the table and the arguments are called and hold, each row is given back exactly, and can be found."""
    table = database.table(f"{name}{next(_numbers)}")
    for number, args in enumerate(rows):
        row = {"key": str(number), **args}
        assert table.execute(str(number), args) == row
        assert table.lookup(str(number)) == row
        for column, value in args.items():
            assert row in table.rows({column: value})
    assert len(table) == len(rows)


def test_injection_is_text(database: Database) -> None:
    """A name that looks like SQL is a name."""
    name = 'receipts"; DROP TABLE quorate_meta; --'
    database.table(name).execute("k", {"a\"b'; --": 1, "%s {} ?": 2})
    assert database.table(name).rows({"a\"b'; --": 1, "%s {} ?": 2}) == [{"key": "k", "a\"b'; --": 1, "%s {} ?": 2}]
    with open_database(database.url) as again:
        assert len(again.table(name)) == 1


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64])
def test_name_that_cannot_be_a_table(database: Database, name: str) -> None:
    """A name that a database would refuse or cut off is an error before anything is written."""
    with pytest.raises(DatabaseError, match="choose another name"):
        database.table(name)


@pytest.mark.parametrize("name", ["quorate_meta", "effects_ledger", "quorate_checkpoints"])
def test_tables_of_others_are_refused(database: Database, name: str) -> None:
    """A table that does not have the columns of such a table is not touched."""
    with pytest.raises(DatabaseError, match="did not make"):
        database.table(name)


def test_arguments_that_are_not_json(database: Database) -> None:
    """Arguments that are not JSON data are an error, and nothing is inserted."""
    table = database.table("receipts")
    with pytest.raises(DatabaseError, match="plain JSON data"):
        table.execute("k", {"total": object()})
    with pytest.raises(DatabaseError, match="plain JSON data"):
        table.execute("k", {"total": float("nan")})
    assert len(table) == 0


def test_failed_insert_leaves_nothing(database: Database) -> None:
    """A row that is refused leaves neither a row nor a table behind."""
    table = database.table("receipts")
    with pytest.raises(DatabaseError, match="rename"):
        table.execute("k", {"a": 1, "key": 2})
    assert (len(table), table.lookup("k")) == (0, None)


def test_threads_race_for_one_new_table(database: Database) -> None:
    """Threads that insert into one new table, each with columns of its own, all succeed, and one key has one row."""
    racers = 6
    start = Barrier(racers)

    def race(racer: int) -> list[dict[str, Any]]:
        table = database.table("receipts")
        start.wait()
        return [
            table.execute("same", {"who": racer}),
            table.execute(f"own{racer}", {f"column{racer}": racer, "who": "x"}),
        ]

    with ThreadPoolExecutor(racers) as pool:
        rows = list(pool.map(race, range(racers)))
    assert len({row[0]["who"] for row in rows}) == 1
    assert [row[1] for row in rows] == [{"key": f"own{n}", f"column{n}": n, "who": "x"} for n in range(racers)]
    assert len(database.table("receipts")) == racers + 1


def test_processes_race_for_one_new_table(zygote: Zygote, database_url: str, tmp_path: Path) -> None:
    """Two processes that insert the same keys agree on who was first with each."""
    children = [zygote.start("insert_rows", database_url, name, str(tmp_path / name)) for name in ("a", "b")]
    assert [zygote.wait(child) for child in children] == [0, 0]
    first, second = ((tmp_path / name).read_text().split() for name in ("a", "b"))
    assert first == second
    with open_database(database_url) as database:
        assert [row["who"] for row in reversed(database.table("receipts").rows())] == first
        assert len(database.table("receipts")) == 20


def test_table_is_readable_by_people(tmp_path: Path) -> None:
    """Plain SQL on the file shows the key, then the arguments in plain columns, then quorate's own."""
    with open_database(f"sqlite:///{tmp_path}/desk.db") as database:
        database.table("receipts").execute(
            "k", {"company": "ACME", "total": 12.5, "count": 2, "lines": [1], "paid": True}
        )
    with closing(sqlite3.connect(tmp_path / "desk.db")) as connection:
        cursor = connection.execute("SELECT * FROM receipts")
        names = [column[0] for column in cursor.description]
        row = cursor.fetchone()
    assert names == ["key", "company", "total", "count", "lines", "paid", "quorate_seq", "quorate_row"]
    assert row[:6] == ("k", "ACME", 12.5, 2, "[1]", 1)


def test_postgres_columns_are_typed(empty_postgres_url: str) -> None:
    """In Postgres a number can be summed and a nested value can be asked for its parts."""
    import psycopg

    with open_database(empty_postgres_url) as database:
        database.table("receipts").execute("1", {"total": 12.5, "lines": [{"n": 7}], "note": "nul \0 here"})
        database.table("receipts").execute("2", {"total": 7})
    with psycopg.connect(empty_postgres_url) as connection:
        assert connection.execute("SELECT sum(total) = 19.5, max(lines->0->>'n') FROM receipts").fetchone() == (
            True,
            "7",
        )
