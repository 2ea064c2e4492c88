from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from tests.fakes.full_disk import SmallDisk, acknowledged_until_refused, finish, small_disk
from tests.fakes.graph_player import thread
from tests.fakes.saver_jobs import given, work
from tests.fakes.zygote import Zygote

from quorate.checkpoints import open_database
from quorate.contracts import DatabaseError


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A file system with room for a file and its log."""
    with small_disk(tmp_path / "disk", "16m") as found:
        if found is None:
            pytest.skip("this user may not mount a file system")
        yield found


def check_whole(url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_full_disk(disk: SmallDisk) -> None:
    """A disk that is full is an error that says so; when there is space again the same saver goes on, nothing lost."""
    url = f"sqlite:///{disk.folder / 'desk.db'}"
    with open_database(url) as database, database.saver() as saver:
        work().compile(checkpointer=saver).invoke(given("first"), thread("first"))
        disk.fill()
        names, error = acknowledged_until_refused(saver)
        assert isinstance(error, DatabaseError)
        assert "free some disk space" in error.fix
        assert "desk.db" in error.where
        disk.free()
        finish(saver, ["first", *names[:-1]], names[-1:])
    check_whole(url)


async def test_full_disk_async(disk: SmallDisk) -> None:
    """The same holds for runs of the async saver: each gets the error, or has ended well."""
    url = f"sqlite:///{disk.folder / 'desk.db'}"
    names = [f"run{number}" for number in range(20)]
    with open_database(url) as database:
        async with database.asaver() as saver:
            graph = work().compile(checkpointer=saver)
            disk.fill()
            runs = [graph.ainvoke(given(name), thread(name), durability="sync") for name in names]
            results = dict(zip(names, await asyncio.gather(*runs, return_exceptions=True), strict=True))
            cut = [name for name, result in results.items() if isinstance(result, Exception)]
            assert cut
            assert {type(result) for result in results.values()} <= {DatabaseError, dict}
            disk.free()
            finish(saver, [name for name in names if name not in cut], cut)
    check_whole(url)


def test_full_disk_of_a_new_file(disk: SmallDisk) -> None:
    """A new file on a full disk is an error that says so, and opens when there is space."""
    url = f"sqlite:///{disk.folder / 'desk.db'}"
    disk.fill()
    with pytest.raises(DatabaseError, match="free some disk space"):
        open_database(url)
    disk.free()
    with open_database(url) as database, database.saver() as saver:
        finish(saver, [], ["first"])


@pytest.mark.parametrize("limit", [150_000, 400_000])
def test_limit_on_the_size_of_files(zygote: Zygote, sqlite_url: str, tmp_path: Path, limit: int) -> None:
    """A file that may not grow is an error of the database; when it may again the same saver goes on, nothing lost."""
    assert zygote.wait(zygote.start("write_into_a_limit", sqlite_url, str(tmp_path / "said"), limit)) == 0
    said = json.loads((tmp_path / "said").read_text())
    assert said["type"] == "DatabaseError"
    assert "quorate.db" in said["text"]
    assert "Fix: " in said["text"]
    check_whole(sqlite_url)


def test_read_only_disk(disk: SmallDisk) -> None:
    """A file on a disk that may not be written is an error that says so, and is as it was."""
    file = disk.folder / "desk.db"
    with open_database(f"sqlite:///{file}") as database, database.saver() as saver:
        work().compile(checkpointer=saver).invoke(given("first"), thread("first"))
    before = file.read_bytes()
    disk.remount("ro")
    with pytest.raises(DatabaseError, match="check the permissions"):
        open_database(f"sqlite:///{file}")
    assert file.read_bytes() == before
    disk.remount("rw")
    with open_database(f"sqlite:///{file}") as database, database.saver() as saver:
        finish(saver, ["first"], ["second"])


def test_user_who_may_only_read(empty_postgres_url: str) -> None:
    """A user of a Postgres database who may only read gets an error that says so, and the database is as it was."""
    import psycopg

    with open_database(empty_postgres_url) as database, database.saver() as saver:
        work().compile(checkpointer=saver).invoke(given("first"), thread("first"))
    with psycopg.connect(empty_postgres_url, autocommit=True) as server:
        reader = f"reader_of_{server.info.dbname}"  # a role belongs to the server, not to the database
        server.execute(f"CREATE ROLE {reader} LOGIN")
        server.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
    url = empty_postgres_url.replace("postgres:@", f"{reader}@")
    with (
        pytest.raises(DatabaseError, match="grant the rights"),
        open_database(url) as database,
        database.saver() as saver,
    ):
        saver.put({"configurable": {"thread_id": "t", "checkpoint_ns": ""}}, empty_checkpoint(), {}, {})
    with open_database(empty_postgres_url) as database, database.saver() as saver:
        finish(saver, ["first"], ["second"])
        assert {found.id for found in database.threads()} == {"first", "second", "afterwards"}
