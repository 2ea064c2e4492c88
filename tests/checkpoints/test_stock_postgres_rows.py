from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.types import Send
from tests.fakes.stock_savers import stock_tables, sync_stock_saver

from quorate.checkpoints import open_database
from quorate.checkpoints.stock.importer import ImportedThread, import_threads
from quorate.contracts import DatabaseError

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

V1 = f"{1:032}.0.25"
V2 = f"{2:032}.0.75"


@pytest.fixture
def url(empty_postgres_url: str) -> str:
    """The URL of a database with the empty tables of LangGraph's own saver."""
    with sync_stock_saver(empty_postgres_url):
        return empty_postgres_url


def run(url: str, sql: str, *values: Any) -> list[Any]:
    """The rows of a statement."""
    with psycopg.connect(url) as server:
        cursor = server.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def checkpoint(url: str, id: str, parent: str | None = None, **fields: Any) -> None:  # noqa: A002 (what it is)
    """Add a checkpoint of the thread `t`."""
    content = {
        "v": 4,
        "id": id,
        "ts": "2024-05-04T06:32:42+00:00",
        "channel_values": {},
        "channel_versions": {},
        "versions_seen": {},
        **fields,
    }
    run(
        url,
        "INSERT INTO checkpoints VALUES ('t', '', %s, %s, NULL, %s, '{\"step\": 1}')",
        id,
        parent,
        json.dumps(content),
    )


def blob(url: str, channel: str, version: str, form: str, content: bytes | None) -> None:
    """Add a value."""
    run(url, "INSERT INTO checkpoint_blobs VALUES ('t', '', %s, %s, %s, %s)", channel, version, form, content)


def packed(value: Any) -> bytes:
    """A value as msgpack."""
    return JsonPlusSerializer().dumps_typed(value)[1]


def taken(url: str, target: str) -> list[ImportedThread]:
    """What comes of taking all threads over."""
    with stock_tables(url) as tables, open_database(target) as database:
        return list(import_threads(tables, database.log, tables.threads()))


def rows(target: str) -> list[CheckpointTuple]:
    """What a saver lists of the thread."""
    with open_database(target) as database, database.saver() as saver:
        return list(saver.list({"configurable": {"thread_id": "t"}}))


def values(target: str) -> list[dict[str, Any]]:
    """The values of the thread's checkpoints, newest first."""
    return [row.checkpoint["channel_values"] for row in rows(target)]


def test_values_by_version(url: str, sqlite_url: str) -> None:
    """A value is that of its channel's version; one of an older version is that of the older checkpoint alone."""
    blob(url, "x", V1, "msgpack", packed(["old"]))
    blob(url, "x", V2, "msgpack", packed(["new"]))
    blob(url, "y", V1, "bytes", b"\x00")
    checkpoint(url, "1", channel_versions={"x": V1, "y": V1})
    checkpoint(url, "2", "1", channel_versions={"x": V2, "y": V1})
    checkpoint(url, "3", "1", channel_versions={"x": V1})
    assert [each.status for each in taken(url, sqlite_url)] == ["imported"]
    assert values(sqlite_url) == [{"x": ["old"]}, {"x": ["new"], "y": b"\x00"}, {"x": ["old"], "y": b"\x00"}]
    assert [row.checkpoint["channel_versions"] for row in rows(sqlite_url)][1] == {"x": 2, "y": 1}


def test_values_in_the_row(url: str, sqlite_url: str) -> None:
    """Nothing, text, numbers and truth values stand in the checkpoint's row; a blob wins over them."""
    inline = {"a": None, "b": "text", "c": 7, "d": 1.0, "e": True, "f": True, "g": 2**62}
    blob(url, "f", V1, "msgpack", packed(_DeltaSnapshot(["all"])))
    checkpoint(url, "1", channel_values=inline, channel_versions=dict.fromkeys(inline, V1))
    taken(url, sqlite_url)
    (found,) = values(sqlite_url)
    assert found == {**inline, "f": _DeltaSnapshot(["all"])}
    assert type(found["d"]) is float
    assert found["e"] is True


def test_empty_value_is_none_at_all(url: str, sqlite_url: str) -> None:
    """A blob of the form `empty` says that the channel has no value."""
    blob(url, "x", V1, "empty", None)
    checkpoint(url, "1", channel_versions={"x": V1, "z": V1})
    taken(url, sqlite_url)
    assert values(sqlite_url) == [{}]


def test_versions_that_are_numbers(url: str, sqlite_url: str) -> None:
    """A version that is a number finds its value too."""
    blob(url, "x", "3", "msgpack", packed(["three"]))
    checkpoint(url, "1", channel_versions={"x": 3})
    taken(url, sqlite_url)
    assert values(sqlite_url) == [{"x": ["three"]}]


@pytest.mark.parametrize("form, content", [("pickle", b"x"), ("msgpack", b"\xc1"), ("msgpack+aes", b"x")])
def test_value_that_is_not_data_is_refused(url: str, sqlite_url: str, form: str, content: bytes) -> None:
    """A value that is not data is refused, and the error names its channel and version."""
    blob(url, "x", V1, form, content)
    checkpoint(url, "1", channel_versions={"x": V1})
    (found,) = taken(url, sqlite_url)
    assert found.status == "refused"
    assert found.error is not None
    assert f"table checkpoint_blobs, thread 't', channel 'x', version {V1}" in found.error.where
    assert rows(sqlite_url) == []


@pytest.mark.parametrize(
    "content", ["[]", '{"v": 4}', '{"v": 4, "id": "1", "channel_values": [1], "versions_seen": {}}', "1"]
)
def test_odd_checkpoint_is_refused(url: str, sqlite_url: str, content: str) -> None:
    """A row that is not a checkpoint is refused."""
    run(url, "INSERT INTO checkpoints VALUES ('t', '', '1', NULL, NULL, %s, '{}')", content)
    assert [each.status for each in taken(url, sqlite_url)] == ["refused"]


def test_what_was_sent_before_version_4(url: str, sqlite_url: str) -> None:
    """Of an older checkpoint, what the tasks before it sent is a value, just as the saver gives it."""
    checkpoint(url, "1", v=3, channel_values={"x": 1}, channel_versions={"x": V1})
    for task, path, idx in (("b", "1", 0), ("a", "1", 1), ("a", "1", 0), ("c", "0", 0)):
        run(
            url,
            "INSERT INTO checkpoint_writes (thread_id, checkpoint_id, task_id, task_path, idx, channel, type, blob)"
            " VALUES ('t', '1', %s, %s, %s, '__pregel_tasks', 'msgpack', %s)",
            task,
            path,
            idx,
            packed(Send(task, idx)),
        )
    checkpoint(url, "2", "1", v=3, channel_values={"x": 2}, channel_versions={"x": V2})
    taken(url, sqlite_url)
    with sync_stock_saver(url) as saver:
        expected = saver.get_tuple({"configurable": {"thread_id": "t"}})
    assert expected is not None
    assert values(sqlite_url)[0] == expected.checkpoint["channel_values"]
    assert rows(sqlite_url)[0].checkpoint["channel_versions"] == {"x": 2, "__pregel_tasks": 2}


def test_writes_before_paths(url: str, sqlite_url: str) -> None:
    """A table of writes from before tasks had paths is read as without any."""
    run(url, "ALTER TABLE checkpoint_writes DROP COLUMN task_path")
    checkpoint(url, "1")
    run(
        url,
        "INSERT INTO checkpoint_writes (thread_id, checkpoint_id, task_id, idx, channel, type, blob)"
        " VALUES ('t', '1', 'task', 0, 'x', 'msgpack', %s)",
        packed(1),
    )
    taken(url, sqlite_url)
    assert rows(sqlite_url)[0].pending_writes == [("task", "x", 1)]


def test_writes_without_a_checkpoint(url: str, sqlite_url: str) -> None:
    """Writes whose checkpoint is not there are taken over too, and a second import finds them."""
    run(
        url,
        "INSERT INTO checkpoint_writes (thread_id, checkpoint_id, task_id, idx, channel, type, blob)"
        " VALUES ('t', '1', 'task', 0, 'x', 'msgpack', %s)",
        packed(1),
    )
    assert [(each.status, each.writes) for each in taken(url, sqlite_url)] == [("imported", 1)]
    assert [each.status for each in taken(url, sqlite_url)] == ["present"]


def test_a_user_who_may_only_read(url: str, sqlite_url: str) -> None:
    """The rights to read the tables are enough, and nothing is written there."""
    checkpoint(url, "1", channel_values={"x": 1}, channel_versions={"x": V1})
    with psycopg.connect(url, autocommit=True) as server:
        reader = f"reader_of_{server.info.dbname}"  # a role belongs to the server, not to the database
        server.execute(f"CREATE ROLE {reader} LOGIN")
        server.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
    assert [each.status for each in taken(url.replace("postgres:@", f"{reader}@"), sqlite_url)] == ["imported"]
    assert values(sqlite_url) == [{"x": 1}]


@pytest.mark.parametrize(
    "statement, says",
    [
        ("DROP TABLE checkpoint_blobs", "no table checkpoint_blobs"),
        ("ALTER TABLE checkpoint_blobs DROP COLUMN version", "checkpoint_blobs of another form"),
    ],
)
def test_other_tables_are_an_error(url: str, statement: str, says: str) -> None:
    """A database without the savers' tables, or with those of the shallow saver, is an error that says so."""
    run(url, statement)
    with pytest.raises(DatabaseError, match=says), stock_tables(url):
        pass


CHILD_WITHOUT_SAVERS = """
import sys

for package in ("sqlite", "sqlite.aio", "postgres", "postgres.aio"):
    sys.modules["langgraph.checkpoint." + package] = None
from quorate.checkpoints import open_database
from quorate.checkpoints.stock.importer import import_threads
from quorate.checkpoints.stock.source import open_source

with open_source(sys.argv[1]) as tables, open_database(sys.argv[1]) as database:
    print(*[each.status for each in import_threads(tables, database.log, tables.threads())])
"""


def test_stock_savers_need_not_be_installed(url: str) -> None:
    """The tables are read without the packages that made them, into the same database too."""
    checkpoint(url, "1")
    command = [sys.executable, "-c", CHILD_WITHOUT_SAVERS, url]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (child.stdout, child.stderr) == ("imported\n", "")
    assert run(url, "SELECT count(*) FROM checkpoints") == [(1,)]
