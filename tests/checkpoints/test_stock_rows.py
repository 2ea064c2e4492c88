from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.types import Send
from tests.fakes.stock_file import OLD_WRITES, StockFile, as_json, call

from quorate.checkpoints import open_database
from quorate.checkpoints.address import Address
from quorate.checkpoints.stock.importer import ImportedThread, check_threads, import_threads, try_threads
from quorate.checkpoints.stock.sqlite import open_stock_sqlite
from quorate.checkpoints.stock.tables import StockLink
from quorate.checkpoints.stock.thread import in_order
from quorate.contracts import DatabaseError


@pytest.fixture
def stock(tmp_path: Path) -> StockFile:
    """An empty file of LangGraph's own saver."""
    return StockFile(tmp_path / "stock.db")


@pytest.fixture
def target(tmp_path: Path) -> str:
    """The URL of what it is taken over to."""
    return f"sqlite:///{tmp_path / 'quorate.db'}"


def taken(stock: StockFile, target: str, *threads: str) -> list[ImportedThread]:
    """What comes of taking threads over, all where none is named."""
    with open_stock_sqlite(Address.parse(stock.url)) as tables, open_database(target) as database:
        return list(import_threads(tables, database.log, check_threads(tables, threads)))


def rows(target: str, thread: str = "t") -> list[CheckpointTuple]:
    """What a saver lists of a thread."""
    with open_database(target) as database, database.saver() as saver:
        return list(saver.list({"configurable": {"thread_id": thread}}))


def values(stock: StockFile, target: str) -> dict[str, Any]:
    """The values of the one checkpoint of the thread, taken over."""
    assert [each.status for each in taken(stock, target)] == ["imported"]
    return rows(target)[0].checkpoint["channel_values"]


def refused(stock: StockFile, target: str, got: str) -> None:
    """The thread is refused with an error that says so and names the row; nothing of it is stored."""
    (found,) = taken(stock, target)
    assert found.status == "refused"
    assert found.error is not None
    assert got in found.error.got
    assert "table " in found.error.where
    assert "thread 't'" in found.error.where
    assert rows(target) == []


class Touch:
    """Pickled, it says: call the path's `touch`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self._path,)


def test_pickle_is_refused(stock: StockFile, target: str, tmp_path: Path) -> None:
    """A pickled row is refused and named, and what it says is not done."""
    stock.row("pickle", pickle.dumps(Touch(tmp_path / "touched")), "1")
    refused(stock, target, "'pickle'")
    assert not (tmp_path / "touched").exists()


def test_pickled_write_is_refused(stock: StockFile, target: str, tmp_path: Path) -> None:
    """A pickled write is refused, and the error names its task and place."""
    stock.checkpoint("1")
    stock.raw_write("1", "task", 3, "x", "pickle", pickle.dumps(Touch(tmp_path / "touched")))
    refused(stock, target, "'pickle'")
    (found,) = taken(stock, target)
    assert found.error is not None
    assert "checkpoint 1, task task, index 3" in found.error.where
    assert not (tmp_path / "touched").exists()


def test_what_a_row_names_is_not_called(stock: StockFile, target: str, tmp_path: Path) -> None:
    """A row that names a function to call stays data: its arguments."""
    stock.checkpoint("1", values={"x": call("os", "mkdir", str(tmp_path / "touched"))})
    stock.row(
        "json",
        as_json(
            stock.plain(
                "2",
                values={"x": {"lc": 2, "type": "constructor", "id": ["os", "mkdir"], "args": [str(tmp_path / "made")]}},
            )
        ),
        "2",
        "1",
    )
    assert [each.status for each in taken(stock, target)] == ["imported"]
    found = [row.checkpoint["channel_values"]["x"] for row in rows(target)]
    assert found == [str(tmp_path / "made"), [str(tmp_path / "touched")]]
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    "form, content, says",
    [
        ("msgpack", b"\xc1", "cannot be read"),
        ("msgpack", b"", "cannot be read"),
        ("msgpack", b"\x93", "cannot be read"),
        ("msgpack", b"\x91" * 5000, "cannot be read"),
        ("msgpack", b"\x01", "not a checkpoint"),
        ("json", b"{", "cannot be read"),
        ("json", b"\xff", "cannot be read"),
        ("json", b"[" * 100_000, "cannot be read"),
        ("json", b'{"v": 1, "id": "1", "channel_values": {"x": 123456789012345678901234567890}}', "cannot be read"),
        ("msgpack+aes", b"x", "'msgpack+aes'"),
        (None, b"{}", "None"),
        ("msgpack", None, "without bytes"),
    ],
)
def test_damaged_checkpoint_is_refused(
    stock: StockFile, target: str, form: str | None, content: bytes | None, says: str
) -> None:
    """A row that is not a checkpoint, or of a form that is not known, is refused and named."""
    stock.row(form, content, "1")
    refused(stock, target, says)


@pytest.mark.parametrize(
    "fields, says",
    [
        ({"id": "2"}, "its id is '2'"),
        ({"v": "new"}, "version 'new'"),
        ({"channel_versions": [1]}, "versions"),
        ({"channel_versions": {"x": "new"}}, "version 'new'"),
        ({"versions_seen": {"node": 1}}, "versions"),
        ({"channel_values": []}, "not a checkpoint"),
        ({"ts": {1: 2}}, "cannot be read"),
    ],
)
def test_odd_checkpoint_is_refused(stock: StockFile, target: str, fields: dict[str, Any], says: str) -> None:
    """A checkpoint whose parts are not what they are called is refused."""
    content = {**stock.plain("1", values={"x": 1}), **fields}
    stock.row("msgpack", ormsgpack.packb(content, option=ormsgpack.OPT_NON_STR_KEYS), "1")
    refused(stock, target, says)


@pytest.mark.parametrize("metadata", [b"[]", b"{", b"\xff", 1.5])
def test_odd_metadata_is_refused(stock: StockFile, target: str, metadata: Any) -> None:
    """Metadata that is not a JSON object is refused."""
    stock.row("msgpack", stock.packed("1"), "1", metadata=metadata)
    refused(stock, target, "metadata")


def test_no_metadata_is_none(stock: StockFile, target: str) -> None:
    """A row without metadata has empty metadata."""
    stock.row("msgpack", stock.packed("1"), "1", metadata=None)
    taken(stock, target)
    assert rows(target)[0].metadata == {}


def test_one_refused_thread_stops_no_other(stock: StockFile, target: str) -> None:
    """The other threads are taken over."""
    stock.row("msgpack", stock.packed("1"), "1", thread="a")
    stock.row("pickle", b"x", "2", thread="b")
    stock.row("msgpack", stock.packed("3"), "3", thread="c")
    assert [each.status for each in taken(stock, target)] == ["imported", "refused", "imported"]


JSON_VALUES = [
    ({"plain": [1, 2.5, None, True, "x"]}, {"plain": [1, 2.5, None, True, "x"]}),
    (
        {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"],
         "kwargs": {"content": "hi", "type": "human", "id": "7"}},
        HumanMessage("hi", id="7"),
    ),
    (
        {"lc": 1, "type": "constructor", "id": ["langchain_core", "messages", "AIMessage"],
         "kwargs": {"content": "ho", "tool_calls": []}},
        AIMessage("ho"),
    ),
    (
        {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "document", "Document"],
         "kwargs": {"page_content": "text", "metadata": {"a": 1}}},
        Document("text", metadata={"a": 1}),
    ),
    ({"lc": 2, "type": "constructor", "id": ["langgraph", "types", "Send"], "kwargs": {"node": "n", "arg": 1}},
     Send("n", 1)),
    ({"lc": 2, "type": "constructor", "id": ["langgraph", "constants", "Send"], "kwargs": {"node": "n", "arg": 1}},
     Send("n", 1)),
    ({"lc": 2, "type": "constructor", "id": ["datetime", "datetime"], "method": "fromisoformat",
      "args": ["2024-05-04T06:32:42+00:00"]}, datetime(2024, 5, 4, 6, 32, 42, tzinfo=UTC)),
    ({"lc": 2, "type": "constructor", "id": ["datetime", "date"], "args": [2024, 5, 4]}, date(2024, 5, 4)),
    ({"lc": 2, "type": "constructor", "id": ["datetime", "timedelta"], "args": [1, 2, 3]}, timedelta(1, 2, 3)),
    ({"lc": 2, "type": "constructor", "id": ["uuid", "UUID"], "args": ["0" * 31 + "7"]}, UUID(int=7)),
    ({"lc": 2, "type": "constructor", "id": ["decimal", "Decimal"], "args": ["1.50"]}, Decimal("1.50")),
    ({"lc": 2, "type": "constructor", "id": ["builtins", "set"], "args": [[1, 2]]}, {1, 2}),
    ({"lc": 2, "type": "constructor", "id": ["builtins", "bytes"], "method": "fromhex", "args": ["00ff"]}, b"\x00\xff"),
    ({"lc": 2, "type": "constructor", "id": ["shop", "Colour"], "args": ["red"]}, "red"),
    ({"lc": 2, "type": "constructor", "id": ["shop", "Cart"], "method": [None, "model_construct"],
      "kwargs": {"total": 1}}, {"total": 1}),
    ({"lc": 2, "type": "constructor", "id": ["shop", "Point"], "kwargs": {"x": 1, "y": 2}}, {"x": 1, "y": 2}),
    ({"lc": 1, "type": "constructor", "id": ["shop", "Prompt"], "kwargs": {"text": "?"}}, {"text": "?"}),
    ({"lc": 1, "type": "secret", "id": ["HOME"]}, {"lc": 1, "type": "secret", "id": ["HOME"]}),
    ({"lc": 1, "type": "not_implemented", "id": ["a", "B"]}, {"lc": 1, "type": "not_implemented", "id": ["a", "B"]}),
    ({"lc": 2, "type": "constructor", "id": "os"}, {"lc": 2, "type": "constructor", "id": "os"}),
]  # fmt: skip


@pytest.mark.parametrize("found, expected", JSON_VALUES, ids=range(len(JSON_VALUES)))
def test_json_of_older_savers(stock: StockFile, target: str, found: Any, expected: Any) -> None:
    """A JSON row of a saver before msgpack gives the known values back, and of any other class its plain arguments."""
    stock.row("json", as_json(stock.plain("1", values={"x": [found]}, v=4)), "1")
    assert values(stock, target) == {"x": [expected]}


def test_forms_of_values(stock: StockFile, target: str) -> None:
    """Bytes, bytearrays, nothing and nested values come back as what they were."""
    kinds: dict[str, Any] = {"a": b"\x00", "b": None, "c": [b"\x01", {"d": (1, 2)}], "e": {1: "one"}, "f": 2**63}
    stock.checkpoint("1", values=kinds)
    stock.write("1", "task", 0, "x", bytearray(b"\x02"))
    stock.write("1", "task", 1, "y", b"\x03")
    stock.write("1", "task", 2, "z", None)
    assert values(stock, target) == {**kinds, "c": [b"\x01", {"d": [1, 2]}]}
    writes = rows(target)[0].pending_writes
    assert writes == [("task", "x", bytearray(b"\x02")), ("task", "y", b"\x03"), ("task", "z", None)]
    assert writes is not None
    assert type(writes[0][2]) is bytearray


def test_order_of_writes(stock: StockFile, target: str) -> None:
    """Writes come back in the order of their tasks' paths, then of their places; special ones keep theirs."""
    stock.checkpoint("1")
    for task, path in (("b", "~__pregel_pull, 1"), ("a", "~__pregel_pull, 2"), ("c", "~__pregel_pull, 0")):
        for idx, channel in ((1, "y"), (0, "x"), (-3, "__interrupt__")):
            stock.write("1", task, idx, channel, f"{task}{idx}", path=path)
    taken(stock, target)
    writes = rows(target)[0].pending_writes
    assert [value for _, _, value in writes or []] == ["c-3", "c0", "c1", "b-3", "b0", "b1", "a-3", "a0", "a1"]


def test_writes_before_paths(tmp_path: Path, target: str) -> None:
    """A table of writes from before tasks had paths is read as without any."""
    stock = StockFile(tmp_path / "old.db", OLD_WRITES)
    stock.checkpoint("1")
    stock.write("1", "b", 0, "x", 1)
    stock.write("1", "a", 0, "x", 2)
    taken(stock, target)
    assert rows(target)[0].pending_writes == [("a", "x", 2), ("b", "x", 1)]


@pytest.mark.parametrize("v", [1, 2, 3])
def test_what_was_sent_before_version_4(stock: StockFile, target: str, v: int) -> None:
    """Of an older checkpoint, what the tasks before it sent is a value, as the Postgres saver gives it."""
    stock.checkpoint("1", values={"x": 1}, v=v)
    stock.write("1", "b", 1, "__pregel_tasks", Send("n", 3), path="1")
    stock.write("1", "a", 0, "__pregel_tasks", Send("n", 2), path="1")
    stock.write("1", "c", 0, "__pregel_tasks", Send("n", 1), path="0")
    stock.checkpoint("2", "1", values={"x": 2}, versions={"x": f"{7:032}.0.5"}, v=v)
    taken(stock, target)
    newest = rows(target)[0].checkpoint
    assert newest["channel_values"] == {"x": 2, "__pregel_tasks": [Send("n", 1), Send("n", 2), Send("n", 3)]}
    assert newest["channel_versions"] == {"x": 7, "__pregel_tasks": 7}
    assert newest["v"] == v


def test_versions_become_numbers(stock: StockFile, target: str) -> None:
    """Versions are numbers afterwards; their order stays, and what a node has seen is compared with the same kind."""
    versions = {"x": f"{12:032}.0.7", "y": 3, "z": 1.5}
    stock.checkpoint("1", values={"x": 1, "y": 2, "z": 3}, versions=versions, versions_seen={"n": {"x": f"{9:032}.0"}})
    taken(stock, target)
    checkpoint = rows(target)[0].checkpoint
    assert checkpoint["channel_versions"] == {"x": 12, "y": 3, "z": 1.5}
    assert checkpoint["versions_seen"] == {"n": {"x": 9}}


def test_same_version_with_another_value(stock: StockFile, target: str) -> None:
    """A value that differs from its parent's is stored, and one that is gone is gone, whatever the version says."""
    stock.checkpoint("1", values={"x": "a", "y": "b"})
    versions = dict.fromkeys("xy", f"{1:032}.0.25")
    stock.checkpoint("2", "1", values={"x": "c"}, versions=versions)
    stock.checkpoint("3", "2", values={"x": "c", "y": "b"}, versions=versions)
    stock.checkpoint("4", "1", values={"x": "a", "y": "b"}, versions=versions)
    taken(stock, target)
    found = [row.checkpoint["channel_values"] for row in rows(target)]
    assert found == [{"x": "a", "y": "b"}, {"x": "c", "y": "b"}, {"x": "c"}, {"x": "a", "y": "b"}]


def test_missing_parent_is_still_named(stock: StockFile, target: str) -> None:
    """A checkpoint whose parent was removed has all its values, and still names it."""
    stock.checkpoint("2", "1", values={"x": 1})
    taken(stock, target)
    (row,) = rows(target)
    assert row.checkpoint["channel_values"] == {"x": 1}
    assert row.parent_config is not None
    assert row.parent_config["configurable"]["checkpoint_id"] == "1"


def test_writes_without_a_checkpoint(stock: StockFile, target: str) -> None:
    """Writes whose checkpoint is not there wait for it."""
    stock.checkpoint("1")
    stock.write("2", "task", 0, "x", "early")
    (found,) = taken(stock, target)
    assert (found.checkpoints, found.writes) == (1, 1)
    (again,) = taken(stock, target)
    assert again.status == "present"
    with open_database(target) as database, database.saver() as saver:
        config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "1"}}
        checkpoint: Any = stock.plain("2")
        saver.put(config, checkpoint, {}, {})
    assert rows(target)[0].pending_writes == [("task", "x", "early")]


def test_thread_that_is_there_is_skipped(stock: StockFile, target: str) -> None:
    """A thread that was taken over before is not stored again, also where it has gone on in quorate."""
    stock.checkpoint("1", values={"x": 1})
    stock.write("1", "task", 0, "x", 2)
    assert [each.status for each in taken(stock, target)] == ["imported"]
    assert [each.status for each in taken(stock, target)] == ["present"]
    with open_database(target) as database, database.saver() as saver:
        config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "1"}}
        checkpoint: Any = stock.plain("2")
        saver.put_writes(config, [("y", 1)], "other")
        saver.put(config, checkpoint, {}, {})
    assert [each.status for each in taken(stock, target)] == ["present"]
    assert len(rows(target)) == 2


@pytest.mark.parametrize("change", ["checkpoint", "metadata", "writes", "value"])
def test_thread_that_differs_is_refused(stock: StockFile, target: str, change: str) -> None:
    """A thread that has gone on with the stock saver, or is another of the same id, is left as it is and named."""
    stock.checkpoint("1", values={"x": 1})
    taken(stock, target)
    match change:
        case "checkpoint":
            stock.checkpoint("2", "1")
        case "metadata":
            stock.run("UPDATE checkpoints SET metadata = '{}'")
        case "writes":
            stock.write("1", "task", 0, "x", 2)
        case "value":
            stock.run("UPDATE checkpoints SET checkpoint = ?", (stock.packed("1", values={"x": 1}, ts="later"),))
    (found,) = taken(stock, target)
    assert found.status == "different"
    assert found.error is not None
    assert found.error.where == "thread 't'"
    assert len(rows(target)) == 1


def test_trying_stores_nothing(stock: StockFile, target: str, tmp_path: Path) -> None:
    """A trial says what would be done, with a database and without one, and stores nothing."""
    stock.row("msgpack", stock.packed("1"), "1", thread="a")
    stock.row("pickle", b"x", "2", thread="b")
    with open_stock_sqlite(Address.parse(stock.url)) as tables:
        assert [each.status for each in try_threads(tables, None, ["a", "b"])] == ["new", "refused"]
        taken(stock, target, "a")
        with open_database(target) as database:
            assert [each.status for each in try_threads(tables, database.log, ["a", "b"])] == ["present", "refused"]
            assert [thread.id for thread in database.threads()] == ["a"]


def test_unknown_thread_is_an_error(stock: StockFile, target: str) -> None:
    """A thread that is not there is an error that names it."""
    stock.checkpoint("1")
    with pytest.raises(DatabaseError, match="no thread 'x'"):
        taken(stock, target, "t", "x")


def test_threads_come_with_the_newest_last(stock: StockFile, target: str) -> None:
    """Threads are listed in the same order afterwards: the one with the newest checkpoint first."""
    for thread, checkpoint in (("a", "2"), ("b", "9"), ("c", "1"), ("a", "5")):
        stock.row("msgpack", stock.packed(checkpoint), checkpoint, thread=thread)
    taken(stock, target)
    with open_database(target) as database:
        assert [thread.id for thread in database.threads()] == ["b", "a", "c"]


def test_source_is_not_changed(stock: StockFile, target: str) -> None:
    """The file that is read stays as it is, byte for byte."""
    stock.checkpoint("1", values={"x": 1})
    with closing(sqlite3.connect(stock.path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    before = stock.path.read_bytes()
    taken(stock, target)
    assert stock.path.read_bytes() == before


CHILD_WITHOUT_RIGHTS = """
import os, sys
from quorate.checkpoints.stock.source import open_source

with open_source(sys.argv[1]):
    pass  # what is imported later, this user may not read
if os.geteuid() == 0:  # root may write to every file
    os.seteuid(65534)
with open_source(sys.argv[2]) as tables:
    print(*tables.threads())
"""


@pytest.mark.skipif(os.name != "posix", reason="the modes of files are those of POSIX")
def test_a_folder_that_may_only_be_read(stock: StockFile) -> None:
    """A file in a folder that cannot be written is read."""
    stock.checkpoint("1")
    with tempfile.TemporaryDirectory(prefix="quorate-rights-") as outer:
        folder = Path(outer, "folder")
        folder.mkdir()
        other = StockFile(folder / "stock.db")
        other.run("PRAGMA journal_mode=WAL")
        other.checkpoint("1")
        other.path.chmod(0o444)
        folder.chmod(0o555)
        Path(outer).chmod(0o755)
        command = [sys.executable, "-c", CHILD_WITHOUT_RIGHTS, stock.url, other.url]
        child = subprocess.run(command, capture_output=True, text=True, check=False)
        folder.chmod(0o755)
    assert (child.stdout, child.stderr) == ("t\n", "")


CHILD_WITHOUT_SAVERS = """
import sys

for package in ("sqlite", "sqlite.aio", "postgres", "postgres.aio"):
    sys.modules["langgraph.checkpoint." + package] = None
from quorate.checkpoints import open_database
from quorate.checkpoints.stock.importer import import_threads
from quorate.checkpoints.stock.source import open_source

with open_source(sys.argv[1]) as tables, open_database(sys.argv[2]) as database:
    print(*[each.status for each in import_threads(tables, database.log, tables.threads())])
"""


def test_stock_savers_need_not_be_installed(stock: StockFile, target: str) -> None:
    """The tables are read without the packages that made them."""
    stock.checkpoint("1")
    command = [sys.executable, "-c", CHILD_WITHOUT_SAVERS, stock.url, target]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (child.stdout, child.stderr) == ("imported\n", "")


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    """A file that does not exist is an error, and is not made."""
    with pytest.raises(DatabaseError, match="no file"), open_stock_sqlite(Address.parse(f"sqlite:///{tmp_path}/no.db")):
        pass
    assert not (tmp_path / "no.db").exists()


@pytest.mark.parametrize(
    "table, says",
    [
        ("CREATE TABLE notes (id)", "no table checkpoints"),
        ("CREATE TABLE checkpoints (thread_id, thread_ts, parent_ts, checkpoint, metadata)", "of another form"),
    ],
)
def test_other_tables_are_an_error(tmp_path: Path, table: str, says: str) -> None:
    """A file without the savers' tables, or with those of a saver before LangGraph 0.2, is an error that says so."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute(table)
    with pytest.raises(DatabaseError, match=says), open_stock_sqlite(Address.parse(f"sqlite:///{tmp_path}/x.db")):
        pass


def test_other_file_is_an_error(tmp_path: Path) -> None:
    """A file that is not SQLite is an error."""
    (tmp_path / "x.db").write_bytes(b"hello " * 1000)
    with (
        pytest.raises(DatabaseError, match="not a database"),
        open_stock_sqlite(Address.parse(f"sqlite:///{tmp_path}/x.db")),
    ):
        pass


LINKS = st.lists(
    st.tuples(st.sampled_from(["", "sub:1"]), st.integers(0, 9), st.none() | st.integers(0, 9)), max_size=12
)


@given(LINKS)
def test_order_of_checkpoints(found: list[tuple[str, int, int | None]]) -> None:
    """Every checkpoint comes once and, but in a circle, after its parent; where ids grow, in the order of the ids."""
    links = {
        (namespace, number): StockLink(namespace, str(number), None if parent is None else str(parent))
        for namespace, number, parent in found
    }
    ordered = in_order(list(links.values()))
    assert sorted(ordered, key=str) == sorted(links.values(), key=str)
    places = {(link.namespace, link.id): place for place, link in enumerate(ordered)}
    for link in ordered:
        seen, above = {link.id}, link
        while above.parent is not None and (above.namespace, above.parent) in places and above.parent not in seen:
            above = links[above.namespace, int(above.parent)]
            seen.add(above.id)
        if above.parent is None or (above.namespace, above.parent) not in places:
            parent = places.get((link.namespace, link.parent or ""), -1)
            assert parent < places[link.namespace, link.id]
    if all(link.parent is None or link.parent < link.id for link in ordered):
        assert [(link.id, link.namespace) for link in ordered] == sorted((link.id, link.namespace) for link in ordered)


def test_circle_of_checkpoints_is_taken_over(stock: StockFile, target: str) -> None:
    """Checkpoints that follow one another in a circle are taken over once each, with all their values."""
    for number, parent in ((1, 3), (2, 1), (3, 2), (4, 4)):
        stock.checkpoint(str(number), str(parent), values={"x": number})
    assert [each.status for each in taken(stock, target)] == ["imported"]
    assert {row.checkpoint["id"]: row.checkpoint["channel_values"]["x"] for row in rows(target)} == {
        "1": 1, "2": 2, "3": 3, "4": 4,
    }  # fmt: skip


def test_newest_where_clocks_differed(stock: StockFile, target: str) -> None:
    """A checkpoint that another one follows is not the newest, though its id is the highest."""
    stock.checkpoint("1", values={"x": 1})
    stock.checkpoint("9", "1", values={"x": 2})
    stock.checkpoint("5", "9", values={"x": 3})
    taken(stock, target)
    assert [row.checkpoint["id"] for row in rows(target)] == ["5", "9", "1"]
