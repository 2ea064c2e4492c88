from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langgraph.types import Command
from tests.fakes.graph_player import thread
from tests.fakes.older_database import asking, make_schema_1
from tests.fakes.stock_savers import sync_stock_saver
from tests.fakes.transcript import differences, plain
from tests.fakes.zygote import Zygote

from quorate.checkpoints import open_database
from quorate.checkpoints.schema import SCHEMA, migrate
from quorate.contracts import DatabaseError

THREADS = 6


@pytest.fixture
def older(database_url: str) -> str:
    """The URL of a database of schema 1: six threads of two turns, of which the second waits for an answer."""
    with sync_stock_saver(database_url) as saver:
        for number in range(THREADS):
            graph = asking(saver)
            graph.invoke({"log": ["first"]}, thread(f"t{number}"))
            graph.invoke(Command(resume="one"), thread(f"t{number}"))
            graph.invoke({"log": ["second"]}, thread(f"t{number}"))
    make_schema_1(database_url)
    return database_url


def run(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a statement on a database that is not opened as quorate's."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
            return list(connection.execute(sql))
    import psycopg

    with psycopg.connect(url) as server:
        cursor = server.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def tables(url: str) -> set[str]:
    """The names of its tables."""
    if url.startswith("sqlite"):
        return {name for (name,) in run(url, "SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return {name for (name,) in run(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def schema(url: str) -> str:
    """The version that it names."""
    ((found,),) = run(url, "SELECT value FROM quorate_meta WHERE key = 'schema'")
    return str(found)


def test_older_database_is_brought_up_to_date(older: str) -> None:
    """A database of schema 1 opens: its threads are the same, its ledger stays, and the older tables are gone."""
    with sync_stock_saver(older) as saver:
        expected = [plain(list(asking(saver).get_state_history(thread(f"t{number}")))) for number in range(THREADS)]
    with open_database(older) as database, database.saver() as saver:
        entry = database.ledger.entry("k")
        assert entry is not None
        assert entry.result == 7
        assert [one.id for one in database.threads()] == [f"t{number}" for number in reversed(range(THREADS))]
        graph = asking(saver)
        found = [plain(list(graph.get_state_history(thread(f"t{number}")))) for number in range(THREADS)]
        assert not differences(found, expected)[:5]
        assert graph.invoke(Command(resume="two"), thread("t0"))["log"] == ["first", "one", "second", "two"]
    assert schema(older) == str(SCHEMA)
    assert not tables(older) & {
        "checkpoints",
        "writes",
        "checkpoint_blobs",
        "checkpoint_writes",
        "checkpoint_migrations",
    }
    with open_database(older) as database:
        assert len(database.threads()) == THREADS


@pytest.mark.parametrize("after", [1, 10, 30])
def test_killed_while_bringing_up_to_date(zygote: Zygote, older: str, after: int) -> None:
    """A process that is killed in the middle leaves the database as it was, and the next one does the whole work."""
    before = tables(older), run(older, "SELECT count(*), max(checkpoint_id) FROM checkpoints")
    assert zygote.wait(zygote.start("die_while_opening", older, after)) == -signal.SIGKILL
    assert (tables(older), run(older, "SELECT count(*), max(checkpoint_id) FROM checkpoints")) == before
    assert schema(older) == "1"
    with open_database(older) as database:
        assert len(database.threads()) == THREADS


def test_processes_open_an_older_database_at_once(zygote: Zygote, older: str, tmp_path: Path) -> None:
    """Of several processes one brings the database up to date, and the others wait for it."""
    files = [tmp_path / f"said{number}" for number in range(4)]
    children = [zygote.start("open_and_count", older, str(file)) for file in files]
    assert [zygote.wait(child) for child in children] == [0] * 4
    assert [file.read_text() for file in files] == [str(THREADS)] * 4


def test_older_database_with_a_row_that_is_refused(older: str) -> None:
    """A row that is not data stops the work: the error names the row, and the database stays as it was."""
    if older.startswith("sqlite"):
        run(older, "UPDATE writes SET type = 'pickle' WHERE thread_id = 't3'")
    else:
        run(older, "UPDATE checkpoint_writes SET type = 'pickle' WHERE thread_id = 't3'")
    with pytest.raises(DatabaseError, match=r"thread 't3'.*'pickle'.*import-checkpoints"):
        open_database(older)
    assert schema(older) == "1"
    assert "quorate_threads" not in tables(older)


def test_each_step_leads_to_the_next() -> None:
    """A database takes every step from its own version to this one, in order."""
    taken: list[int] = []
    steps = {version: (lambda place, version=version: place.append(version)) for version in range(1, SCHEMA)}
    migrate(1, steps, taken)
    assert taken == list(range(1, SCHEMA))
    migrate(SCHEMA, steps, taken)
    assert taken == list(range(1, SCHEMA))


def test_nothing_stays_in_plaintext(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where encryption is on, what an older file said is not in it any more."""
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with sync_stock_saver(sqlite_url) as saver:
        asking(saver).invoke({"log": ["a secret of nobody else"]}, thread())
    make_schema_1(sqlite_url)
    assert b"a secret of nobody else" in path.read_bytes()
    monkeypatch.setenv("QUORATE_KEYS", "A" * 43)
    with open_database(sqlite_url) as database, database.saver() as own:
        assert asking(own).get_state(thread()).values["log"] == ["a secret of nobody else"]
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert b"a secret of nobody else" not in path.read_bytes()


def test_stock_file_is_refused_with_the_command_to_run(sqlite_url: str) -> None:
    """A file of LangGraph's own saver is not opened, as its threads would not be seen; the error says what to run."""
    with sync_stock_saver(sqlite_url) as saver:
        asking(saver).invoke({"log": ["in"]}, thread())
    before = Path(sqlite_url.removeprefix("sqlite:///")).read_bytes()
    with pytest.raises(DatabaseError, match=f"LangGraph's own saver.*quorate import-checkpoints {sqlite_url}"):
        open_database(sqlite_url)
    assert Path(sqlite_url.removeprefix("sqlite:///")).read_bytes() == before


def test_stock_file_without_threads_is_taken(sqlite_url: str) -> None:
    """A file that a stock saver has made and written nothing to is a new database."""
    with sync_stock_saver(sqlite_url) as saver:
        assert list(saver.list(None)) == []
    with open_database(sqlite_url) as database:
        assert database.threads() == []
