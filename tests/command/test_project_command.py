"""`quorate project`: plain tables for questions in SQL."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from tests.command.desk import Desk
from tests.fakes.projected import query


@pytest.fixture
def filled(desk: Desk) -> Desk:
    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", status=0)
    desk.waiting()
    return desk


def rows(desk: Desk, sql: str, name: str = "quorate.db") -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(desk.folder / name)) as connection:
        return connection.execute(sql).fetchall()


def test_project(filled: Desk) -> None:
    """The tables are in the same file; a second call does what is new, and says so."""
    ended = filled("project", status=0)
    assert ended.out == "2 threads: 2 projected; sqlite:///quorate.db\n"
    assert ended.err == "[2/2] threads\n"
    asked = "SELECT t.team, t.graph, t.input, d.value FROM threads t JOIN decisions d USING (thread) WHERE"
    assert rows(filled, f"{asked} d.field = 'total' ORDER BY t.input") == [
        ("desk", "desk", "a.txt", "12.00"),
        ("desk", "desk", "note-0.txt", "12.00"),
    ]
    (thread,) = rows(filled, "SELECT thread FROM open_reviews")
    filled("review", thread[0], "--approve", status=0)
    assert filled("project", status=0).out == "2 threads: 1 projected, 1 as before; sqlite:///quorate.db\n"
    assert rows(filled, "SELECT thread FROM open_reviews") == []
    assert rows(filled, "SELECT verdict, reviewer FROM reviews") == [("approve", "ann")]
    (done,) = filled("project", "--rebuild", "--json", status=0).lines
    assert done == {"threads": 2, "changed": 2, "unreadable": 0, "removed": 0}


def test_other_commands_go_on(filled: Desk) -> None:
    """A database that has the tables is run, listed and shown as before."""
    filled("project", status=0)
    filled.write("b.txt", "SHELL\nTOTAL 7.00\n")
    filled("run", "desk", "b.txt", status=0)
    assert len(filled("threads", "--json", status=0).lines) == 3


def test_other_database(filled: Desk) -> None:
    """With --to the tables are in another file, and the database stays as it is."""
    before = rows(filled, "SELECT name FROM sqlite_master ORDER BY name")
    out = filled("project", "--to", "sqlite:///tables.db", status=0).out
    assert out == "2 threads: 2 projected; sqlite:///quorate.db to sqlite:///tables.db\n"
    assert rows(filled, "SELECT name FROM sqlite_master ORDER BY name") == before
    assert rows(filled, "SELECT count(*) FROM threads", "tables.db") == [(2,)]


def test_postgres(filled: Desk, empty_postgres_url: str) -> None:
    """With --to the tables of a SQLite file are in Postgres, and a second call adds what is new."""
    assert filled("project", "--to", empty_postgres_url, status=0).out.startswith("2 threads: 2 projected; ")
    filled.write("b.txt", "SHELL\nTOTAL 7.00\n")
    filled("run", "desk", "b.txt", status=0)
    assert filled("project", "--to", empty_postgres_url, status=0).out.startswith("3 threads: 1 projected, 2 as before")
    assert query(empty_postgres_url, "SELECT count(*) AS n FROM threads") == [{"n": 3}]


def test_refusals(filled: Desk) -> None:
    """A table of the user's in the way, an empty URL, and a database that is not there are errors with a remedy."""
    with closing(sqlite3.connect(filled.folder / "quorate.db")) as connection:
        connection.execute("CREATE TABLE usage (liters REAL)")
    ended = filled("project", status=2)
    assert ended.err.startswith("error: sqlite:///quorate.db, table 'usage'\n")
    assert "quorate project --to" in ended.err
    assert "empty URL" in filled("project", "--to", "", status=2).err
    assert "no file" in filled("project", "--db", "sqlite:///none.db", status=2).err


def test_encrypted(desk: Desk) -> None:
    """An encrypted database is projected with --plaintext alone."""
    desk.environment["QUORATE_KEYS"] = base64.urlsafe_b64encode(bytes(range(32))).decode()
    desk.waiting()
    assert "--plaintext" in desk("project", status=2).err
    desk("project", "--plaintext", status=0)
    assert rows(desk, "SELECT status FROM threads") == [("waiting",)]
