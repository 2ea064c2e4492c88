"""`quorate import-checkpoints`: threads of LangGraph's own savers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.command.desk import Desk
from tests.fakes.graph_player import thread
from tests.fakes.older_database import asking, make_schema_1
from tests.fakes.stock_savers import sync_stock_saver


@pytest.fixture
def stock(desk: Desk) -> Path:
    """A file of LangGraph's own saver with the threads `t0`, `t1` and `t2`, each of which waits for an answer."""
    path = desk.folder / "stock.db"
    with sync_stock_saver(f"sqlite:///{path}") as saver:
        for number in range(3):
            asking(saver).invoke({"log": ["in"]}, thread(f"t{number}"))
    return path


def spoil(path: Path, name: str) -> None:
    """Make of what a thread wrote rows that are not data."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE writes SET type = 'pickle' WHERE thread_id = ?", (name,))


def test_import(desk: Desk, stock: Path) -> None:
    """Threads are taken over into the database of the command, with progress and a summary; again, they are there."""
    ended = desk("import-checkpoints", "sqlite:///stock.db", status=0)
    assert "3 threads: 3 imported (6 checkpoints, 6 writes); sqlite:///stock.db to sqlite:///quorate.db" in ended.out
    assert "[3/3] t2: imported" in ended.err
    assert [line["thread"] for line in desk("threads", "--json", status=0).lines] == ["t2", "t1", "t0"]
    assert "3 threads: 3 there already" in desk("import-checkpoints", "sqlite:///stock.db", status=0).out


def test_json(desk: Desk, stock: Path) -> None:
    """With --json stdout has one object per thread, and of a refused one what is wrong with which row."""
    spoil(stock, "t1")
    lines = desk("import-checkpoints", "sqlite:///stock.db", "--json", status=1).lines
    assert lines[0] == {"thread": "t0", "status": "imported", "checkpoints": 2, "writes": 2}
    assert lines[1]["status"] == "refused"
    assert "thread 't1'" in lines[1]["where"]
    assert "pickle" in lines[1]["got"]
    assert lines[2]["status"] == "imported"


def test_refused_thread_is_named(desk: Desk, stock: Path) -> None:
    """A thread that is refused is named with its row and a remedy; the others are taken over."""
    spoil(stock, "t1")
    ended = desk("import-checkpoints", "sqlite:///stock.db", status=1)
    assert "2 imported, 1 refused" in ended.out
    assert "table writes, thread 't1'" in ended.err
    assert "fix" in ended.err


def test_different_thread_is_named(desk: Desk, stock: Path) -> None:
    """A thread that went on with the stock saver after it was taken over is named, and left as it is."""
    desk("import-checkpoints", "sqlite:///stock.db", status=0)
    with sync_stock_saver(f"sqlite:///{stock}") as saver:
        asking(saver).invoke({"log": ["more"]}, thread("t1"))
    ended = desk("import-checkpoints", "sqlite:///stock.db", status=1)
    assert "2 there already, 1 different" in ended.out
    assert "thread 't1'" in ended.err
    assert "delete it and import again" in ended.err


def test_dry_run(desk: Desk, stock: Path) -> None:
    """--dry-run says what would be done, and makes no database."""
    ended = desk("import-checkpoints", "sqlite:///stock.db", "--dry-run", status=0)
    assert "3 threads: 3 to import (6 checkpoints, 6 writes)" in ended.out
    assert "Nothing was written" in ended.out
    assert not (desk.folder / "quorate.db").exists()
    desk("import-checkpoints", "sqlite:///stock.db", "--thread", "t1", status=0)
    ended = desk("import-checkpoints", "sqlite:///stock.db", "--dry-run", status=0)
    assert "2 to import, 1 there already" in ended.out
    assert len(desk("threads", "--json", status=0).lines) == 1


def test_chosen_threads(desk: Desk, stock: Path) -> None:
    """--thread takes over the threads that it names; one that is not there is an error, and no database is made."""
    desk("import-checkpoints", "sqlite:///stock.db", "--thread", "t0", "--thread", "tt", status=2)
    assert not (desk.folder / "quorate.db").exists()
    desk("import-checkpoints", "sqlite:///stock.db", "--thread", "t0", "--thread", "t2", status=0)
    assert [line["thread"] for line in desk("threads", "--json", status=0).lines] == ["t2", "t0"]


@pytest.mark.parametrize("arguments", [(), ("sqlite:///./stock.db",)])
def test_into_the_same_file(desk: Desk, stock: Path, arguments: tuple[str, ...]) -> None:
    """Into the file itself: it opens from then on, its older tables stay, and the summary says how to drop them."""
    assert "import-checkpoints" in desk("threads", "--db", "sqlite:///stock.db", status=2).err
    ended = desk("import-checkpoints", *arguments, "--db", "sqlite:///stock.db", status=0)
    assert "3 threads: 3 imported" in ended.out
    assert "DROP TABLE writes; DROP TABLE checkpoints" in ended.out
    assert len(desk("threads", "--db", "sqlite:///stock.db", "--json", status=0).lines) == 3
    with closing(sqlite3.connect(stock)) as connection:
        assert connection.execute("SELECT count(*) FROM checkpoints").fetchone() == (6,)


def test_file_of_an_earlier_quorate(desk: Desk, stock: Path) -> None:
    """A file of an earlier quorate is read as it stands, where its threads go to another database."""
    make_schema_1(f"sqlite:///{stock}")
    before = stock.read_bytes()
    desk("import-checkpoints", "sqlite:///stock.db", status=0)
    assert stock.read_bytes() == before
    assert len(desk("threads", "--json", status=0).lines) == 3


@pytest.mark.parametrize("source", ["sqlite:///no.db", "sqlite:///quorate.db", "mysql://u@h/n"])
def test_source_without_tables(desk: Desk, stock: Path, source: str) -> None:
    """A source that is not there, or has no such tables, is an error."""
    desk("import-checkpoints", "sqlite:///stock.db", status=0)
    assert "error" in desk("import-checkpoints", source, status=2).err


def test_postgres(desk: Desk, empty_postgres_url: str) -> None:
    """The tables of the Postgres saver are taken over into a file."""
    with sync_stock_saver(empty_postgres_url) as saver:
        asking(saver).invoke({"log": ["in"]}, thread("t0"))
    ended = desk("import-checkpoints", empty_postgres_url, status=0)
    assert "1 thread: 1 imported (2 checkpoints, 2 writes)" in ended.out
    assert [line["thread"] for line in desk("threads", "--json", status=0).lines] == ["t0"]
