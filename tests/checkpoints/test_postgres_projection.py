"""Projections in Postgres: the same rows as in SQLite, kept up in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.fakes.projected import plain_rows, query
from tests.fakes.till import Till

from quorate.checkpoints import Database, open_database
from quorate.checkpoints.projection.projection import Projected, project
from quorate.contracts import DatabaseError

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")


@contextmanager
def till(url: str) -> Iterator[tuple[Database, Till]]:
    """A till on a database."""
    with open_database(url) as database, database.saver() as saver:
        yield database, Till(database, saver)


def execute(url: str, *statements: str) -> None:
    """Execute statements, as somebody with a shell would."""
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement)


def test_the_same_rows(sqlite_url: str, empty_postgres_url: str) -> None:
    """Whatever becomes of threads, both databases have the same rows, step by step and made anew."""
    with till(sqlite_url) as (database, desk):

        def check() -> None:
            project(database)
            project(database, to=empty_postgres_url)
            assert plain_rows(empty_postgres_url) == plain_rows(sqlite_url)

        desk.open("a", "1 ! 2")
        desk.open("b", "3 3")
        desk.run_other("c")
        check()
        desk.answer("a", "edit")
        desk.open("a", "9 9")
        desk.correct("b", "2")
        check()
        desk.open("a", "4 4", stop_before="intake")
        desk.delete("c")
        desk.prune("b", "latest")
        check()
        project(database, to=empty_postgres_url, rebuild=True)
        assert plain_rows(empty_postgres_url) == plain_rows(sqlite_url)


def test_upkeep(empty_postgres_url: str) -> None:
    """What did not change is left alone, deleted threads go, and a table that was dropped is made anew."""
    with till(empty_postgres_url) as (database, desk):
        desk.open("a", "3 3")
        desk.open("b", "3 3")
        assert project(database) == Projected(threads=2, changed=2, unreadable=0, removed=0)
        assert project(database) == Projected(threads=2, changed=0, unreadable=0, removed=0)
        desk.delete("a")
        desk.open("b", "4 4")
        assert project(database) == Projected(threads=1, changed=1, unreadable=0, removed=1)
        rows = plain_rows(empty_postgres_url)
        execute(empty_postgres_url, "DROP TABLE claims CASCADE")
        assert project(database).changed == 1
        assert plain_rows(empty_postgres_url) == rows


def test_table_of_the_user(empty_postgres_url: str) -> None:
    """A table of such a name that is no projection stops it before anything is made, and stays as it is."""
    with till(empty_postgres_url) as (database, desk):
        desk.open("a", "3 3")
        execute(empty_postgres_url, "CREATE TABLE usage (liters real)", "INSERT INTO usage VALUES (1)")
        with pytest.raises(DatabaseError, match=r"table 'usage': got a table that is no projection of quorate.*--to"):
            project(database)
        assert query(empty_postgres_url, "SELECT to_regclass('claims') AS made") == [{"made": None}]
        assert query(empty_postgres_url, "SELECT liters FROM usage") == [{"liters": 1.0}]


def test_other_layout(empty_postgres_url: str) -> None:
    """Tables that another version of quorate has made are made anew."""
    with till(empty_postgres_url) as (database, desk):
        desk.open("a", "3 3")
        project(database)
        rows = plain_rows(empty_postgres_url)
        execute(empty_postgres_url, "UPDATE projection_source SET layout = 'older'")
        assert project(database).changed == 1
        assert plain_rows(empty_postgres_url) == rows
