"""Projections kept up to date: what is read again, what stands in the way, and what is refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.counting_store import CountingStore
from tests.fakes.projected import all_rows, query
from tests.fakes.till import Till

from quorate.checkpoints import Database, open_database
from quorate.checkpoints.address import Address
from quorate.checkpoints.projection.layout import NAMES
from quorate.checkpoints.projection.projection import Projected, Projection, project
from quorate.checkpoints.projection.sqlite import SqliteProjection
from quorate.checkpoints.projection.target import ThreadChange
from quorate.checkpoints.saver.serializer import DataSerializer
from quorate.contracts import DatabaseError

KEYS = base64.urlsafe_b64encode(bytes(32)).decode()


@contextmanager
def till(url: str) -> Iterator[tuple[Database, Till]]:
    """A till on a database."""
    with open_database(url) as database, database.saver() as saver:
        yield database, Till(database, saver)


class Target(SqliteProjection):
    """Tables in a SQLite file, which a test looks at while they are written."""

    def __init__(self, url: str, breaks_after: int | None = None) -> None:
        super().__init__(Address.parse(url))
        self._left = breaks_after

    def write(self, changes: Sequence[ThreadChange]) -> None:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left = None if self._left is None else self._left - 1
        super().write(changes)


def projected(database: Database, target: SqliteProjection) -> tuple[Projected, CountingStore]:
    """Bring a target up to date; what was done, and how much was read for it."""
    store = CountingStore(database.log.store)
    target.prepare("elsewhere", rebuild=False)
    try:
        return Projection(store, database.log.sealer, DataSerializer(), target)(), store  # type: ignore[arg-type]
    finally:
        target.close()


def told(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows that a statement gives, as tuples."""
    return [tuple(row.values()) for row in query(url, sql)]


def test_nothing_is_read_twice(sqlite_url: str, tmp_path: Path) -> None:
    """What did not change is not read, and what is read for a new turn does not grow with the turns before it."""
    to = f"sqlite:///{tmp_path / 'tables.db'}"
    with till(sqlite_url) as (database, desk):
        for thread in "abc":
            desk.open(thread, "3 3")
        first = projected(database, Target(to))
        again = projected(database, Target(to))
        read = []
        for turns in range(2, 31):
            desk.open("a", "3 3")
            done, store = projected(database, Target(to))
            assert done == Projected(threads=3, changed=1, unreadable=0, removed=0)
            read.append(store.rows)
            assert told(to, "SELECT count(*) FROM turns WHERE thread = 'a'") == [(turns,)]
    assert first[0] == Projected(threads=3, changed=3, unreadable=0, removed=0)
    assert again[0] == Projected(threads=3, changed=0, unreadable=0, removed=0)
    assert (again[1].rows, again[1].moments) == (0, 1)
    # A page more at most, where the known turn ends just behind it.
    assert max(read[15:]) <= max(read[2:15])


def test_interrupted(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A projection that was interrupted goes on where it stopped, also in the middle of a rebuild."""
    monkeypatch.setattr("quorate.checkpoints.projection.projection._THREADS", 2)
    to = f"sqlite:///{tmp_path / 'tables.db'}"
    with till(sqlite_url) as (database, desk):
        for thread in "abcde":
            desk.open(thread, "3 3")
        with pytest.raises(KeyboardInterrupt):
            projected(database, Target(to, breaks_after=1))
        assert told(to, "SELECT thread FROM threads ORDER BY thread") == [("a",), ("b",)]
        assert projected(database, Target(to))[0].changed == 3
        rows = all_rows(to)
        target = Target(to, breaks_after=2)
        target.prepare("elsewhere", rebuild=True)
        with pytest.raises(KeyboardInterrupt):
            projected(database, target)
        assert len(all_rows(to)["threads"]) == 4
        assert projected(database, Target(to))[0].changed == 1
        assert all_rows(to) == rows
        assert told(to, "SELECT projected_at IS NULL FROM projection_source") == [(0,)]


def test_two_at_once(sqlite_url: str, tmp_path: Path) -> None:
    """What another process has projected meanwhile is left as it is."""
    to = f"sqlite:///{tmp_path / 'tables.db'}"

    class Meeting(Target):
        def marks(self) -> Any:
            before = super().marks()
            projected(database, Target(to))
            return before

    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        projected(database, Meeting(to))
        rows = all_rows(to)
        assert len(rows["turns"]) == 1
        desk.open("a", "4 4")
        projected(database, Meeting(to))
        assert [row["turn"] for row in all_rows(to)["turns"]] == [1, 2]


def test_deleted_and_begun_anew(sqlite_url: str) -> None:
    """Of a deleted thread all rows go away; one that was begun anew under its id has the new rows alone."""
    with till(sqlite_url) as (database, desk):
        for thread in "ab":
            desk.open(thread, "3 3")
            desk.open(thread, "4 4")
        project(database)
        desk.delete("a")
        desk.delete("b")
        desk.open("b", "5 5")
        assert project(database) == Projected(threads=1, changed=1, unreadable=0, removed=1)
    for table, rows in all_rows(sqlite_url).items():
        assert {row["thread"] for row in rows} <= {"b"}, table
    assert told(sqlite_url, "SELECT turn, request ->> 'text' FROM turns") == [(1, "5 5")]


def test_pruned(sqlite_url: str) -> None:
    """Of a pruned thread that is shown which is left: each turn that ended, or the newest alone."""
    with till(sqlite_url) as (database, desk):
        desk.open("a", "1 2")
        desk.answer("a", "edit")
        desk.open("a", "2 2")
        desk.open("a", "3 3")
        project(database)
        before = all_rows(sqlite_url)
        desk.prune("a", "decided")
        assert project(database).changed == 1
        decided = all_rows(sqlite_url)
        desk.prune("a", "latest")
        project(database)
        latest = all_rows(sqlite_url)
    for table in ("claims", "decisions", "effects", "faults", "usage", "moves"):
        assert decided[table] == before[table]
        assert latest[table] == [row for row in before[table] if row["turn"] == 3]
    assert [(row["turn"], row["status"], row["checkpoint"]) for row in decided["turns"]] == [
        (row["turn"], row["status"], row["checkpoint"]) for row in before["turns"]
    ]
    assert [row["turn"] for row in latest["turns"]] == [3]
    # The question was asked, and its answer went with the checkpoint that held both.
    assert [(row["status"], row["verdict"]) for row in before["reviews"]] == [("answered", "edit")]
    assert [(row["status"], row["verdict"]) for row in decided["reviews"]] == [("answered", None)]


@pytest.mark.parametrize("table", ["threads", "Claims", "open_reviews", "projection_columns"])
def test_table_of_the_user(sqlite_url: str, tmp_path: Path, table: str) -> None:
    """A table of such a name that is no projection stops it before anything is made, and stays as it is."""
    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        database.table(table).execute("k", {"text": "mine"})
        with pytest.raises(DatabaseError, match=r"is no projection.*--to") as caught:
            project(database)
        assert f"table '{table.lower()}'" in str(caught.value)
        assert [row["text"] for row in database.table(table).rows()] == ["mine"]
        names = {name for (name,) in told(sqlite_url, "SELECT name FROM sqlite_master")}
        assert names & set(NAMES) == {table} & set(NAMES)
        assert project(database, to=f"sqlite:///{tmp_path / 'tables.db'}").changed == 1


def test_table_of_the_user_in_the_place_of_a_projection(sqlite_url: str) -> None:
    """A projection that was dropped is made anew; a user's table that took its name is left alone."""
    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        project(database)
        rows = all_rows(sqlite_url)
        execute(sqlite_url, "DROP TABLE claims")
        assert project(database).changed == 1
        assert all_rows(sqlite_url) == rows
        execute(sqlite_url, "DROP TABLE claims")
        execute(sqlite_url, "CREATE TABLE claims (insurance TEXT)")
        with pytest.raises(
            DatabaseError, match=r"table 'claims': got a table that is no projection of quorate any more"
        ):
            project(database)


def test_effects_keep_off(sqlite_url: str) -> None:
    """An effect does not write its rows into a projection."""
    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        project(database)
        with pytest.raises(DatabaseError, match="a table that quorate did not make"):
            database.table("claims")


def test_other_layout(sqlite_url: str) -> None:
    """Tables that another version of quorate has made are made anew, with those that it had and this one has not."""
    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        project(database)
        rows = all_rows(sqlite_url)
        execute(sqlite_url, "CREATE TABLE votes (thread TEXT)")
        for statement in (
            "INSERT INTO projection_columns VALUES ('votes', 'thread', 1, 'text', NULL, 'Id')",
            "UPDATE projection_source SET layout = 'older'",
        ):
            execute(sqlite_url, statement)
        assert project(database).changed == 1
        assert all_rows(sqlite_url) == rows
        assert told(sqlite_url, "SELECT 1 FROM sqlite_master WHERE name = 'votes'") == []


def test_one_target_for_one_database(tmp_path: Path) -> None:
    """Tables that hold one database's rows are not taken over by another, unless they are begun anew."""
    to = f"sqlite:///{tmp_path / 'tables.db'}"
    for name in ("one", "two"):
        with till(f"sqlite:///{tmp_path / name}.db") as (database, desk):
            desk.open(name, "3 3")
            if name == "two":
                with pytest.raises(DatabaseError, match=r"one\.db.*--rebuild"):
                    project(database, to=to)
            project(database, to=to, rebuild=name == "two")
            assert told(to, "SELECT thread FROM threads") == [(name,)]


def test_encrypted(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An encrypted database is projected in plaintext only where that is asked for."""
    monkeypatch.setenv("QUORATE_KEYS", KEYS)
    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        with pytest.raises(DatabaseError, match=r"in plaintext.*--plaintext"):
            project(database)
        assert told(sqlite_url, "SELECT 1 FROM sqlite_master WHERE name = 'threads'") == []
        assert project(database, plaintext=True).changed == 1
    assert told(sqlite_url, "SELECT thread, status FROM threads") == [("a", "settled")]


def test_damaged_thread(sqlite_url: str) -> None:
    """A thread whose rows are damaged is unreadable with the reason until it can be read; the others are there."""
    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        desk.open("b", "3 3")
        execute(sqlite_url, "CREATE TABLE effects_kept AS SELECT seq, payload FROM quorate_checkpoints")
        of_a = "line = (SELECT line FROM quorate_threads WHERE thread = 'a')"
        execute(sqlite_url, f"UPDATE quorate_checkpoints SET payload = x'00' WHERE {of_a}")
        assert project(database) == Projected(threads=2, changed=2, unreadable=1, removed=0)
        found = told(sqlite_url, "SELECT thread, status, reason FROM threads ORDER BY thread")
        assert [row[:2] for row in found] == [("a", "unreadable"), ("b", "settled")]
        assert "a row that cannot be read" in found[0][2]
        assert told(sqlite_url, "SELECT DISTINCT thread FROM claims") == [("b",)]
        assert project(database) == Projected(threads=2, changed=1, unreadable=1, removed=0)
        execute(
            sqlite_url,
            "UPDATE quorate_checkpoints AS c SET payload = k.payload FROM effects_kept k WHERE k.seq = c.seq",
        )
        assert project(database) == Projected(threads=2, changed=1, unreadable=0, removed=0)
        assert project(database).changed == 0
    assert told(sqlite_url, "SELECT status FROM threads ORDER BY thread") == [("settled",), ("settled",)]


def test_database_that_goes_away(sqlite_url: str, tmp_path: Path) -> None:
    """Where the database itself cannot be read, the projection ends, and no thread is blamed for it."""
    to = f"sqlite:///{tmp_path / 'tables.db'}"

    class Away(CountingStore):
        @contextmanager
        def reading(self) -> Iterator[Any]:
            with super().reading() as reader:
                if self.moments > 2:
                    reader.page = self._away
                yield reader

        def _away(self, *args: Any, **options: Any) -> Any:
            raise DatabaseError(self.shown, got="a lost connection", expected="one", fix="mend it")

    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        desk.open("b", "3 3")
        target = Target(to)
        target.prepare("elsewhere", rebuild=False)
        store: Any = Away(database.log.store)
        with pytest.raises(DatabaseError, match="a lost connection"):
            Projection(store, database.log.sealer, DataSerializer(), target)()
        assert told(to, "SELECT thread FROM threads") == []
        assert projected(database, target)[0] == Projected(threads=2, changed=2, unreadable=0, removed=0)


def test_strange_record(sqlite_url: str) -> None:
    """A turn with a record that is not quorate's is unreadable, and the thread with it until the next turn."""
    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        desk.open("a", "3 3")
        config: Any = {"configurable": {"thread_id": "a"}}
        desk.graph.update_state(config, {"faults": [{"agent": 7}]}, as_node="review")
        project(database)
        before = told(sqlite_url, "SELECT turn, status FROM turns ORDER BY turn")
        thread = told(sqlite_url, "SELECT status FROM threads")
        desk.open("a", "4 4")
        project(database)
    assert before == [(1, "settled"), (2, "unreadable")]
    assert thread == [("unreadable",)]
    assert told(sqlite_url, "SELECT turn, status FROM turns ORDER BY turn") == [
        (1, "settled"),
        (2, "unreadable"),
        (3, "settled"),
    ]
    assert told(sqlite_url, "SELECT status FROM threads") == [("settled",)]


def execute(url: str, statement: str) -> None:
    """Execute a statement, as somebody with a shell would."""
    import sqlite3

    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute(statement)
    connection.close()
