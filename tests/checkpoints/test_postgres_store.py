from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint, empty_checkpoint
from tests.fakes.graph_player import thread
from tests.fakes.saver_jobs import expected, work
from tests.fakes.zygote import Zygote

from quorate.checkpoints import open_database
from quorate.checkpoints.log.line import LineKey
from quorate.checkpoints.log.store import Superseded
from quorate.checkpoints.postgres.text import stored, unstored
from quorate.contracts import DatabaseError, StaleThreadError

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

STRANGE = ["", "\0", "a\0b", "\\", "\\0", "\\u0000", "\ud800", "x\udfffy", "'; --", "%s %b", "Zürich ☃ 𝄞", " ", "\n\t"]


def checkpoint() -> Checkpoint:
    """A checkpoint with a value, newer than all before it."""
    made = empty_checkpoint()
    return {**made, "channel_values": {"n": made["id"]}, "channel_versions": {"n": 1}}


def put(saver: BaseCheckpointSaver[Any], config: RunnableConfig) -> RunnableConfig:
    """Put a checkpoint after the one that a config names; the config that names it."""
    config = {"configurable": {"checkpoint_ns": "", **config["configurable"]}}
    return saver.put(config, checkpoint(), {"source": "loop", "step": 1, "parents": {}}, {"n": 1})


def id_of(config: RunnableConfig | None) -> str:
    assert config is not None
    return str(config["configurable"]["checkpoint_id"])


def newest(saver: BaseCheckpointSaver[Any], name: str) -> str:
    found = saver.get_tuple(thread(name))
    assert found is not None
    assert found.checkpoint["channel_values"]["n"] == found.checkpoint["id"]
    return found.checkpoint["id"]


@drawn(st.text(st.characters(exclude_categories=())))
def test_any_text_comes_back(text: str) -> None:
    """What Postgres can hold of a text gives that text again, and two texts never look alike."""
    held = stored(text)
    assert "\0" not in held
    assert held.encode().decode() == held
    assert unstored(held) == text


def test_any_thread_id(empty_postgres_url: str) -> None:
    """Threads of any id that is text can be written, read, listed and deleted, those with a NUL too."""
    names = [name for name in STRANGE if name and name.encode("utf-8", "replace").decode() == name]
    with open_database(empty_postgres_url) as database, database.saver() as saver:
        ids = {name: id_of(put(saver, thread(name))) for name in names}
        with open_database(empty_postgres_url) as other, other.saver() as another:
            assert {name: newest(another, name) for name in names} == ids
            assert {found.id for found in other.threads()} == set(names)
            for name in names:
                another.delete_thread(name)
        assert [saver.get_tuple(thread(name)) for name in names] == [None] * len(names)


@pytest.mark.parametrize("name", STRANGE)
def test_any_name_in_a_checkpoint(empty_postgres_url: str, name: str) -> None:
    """Namespaces may be any text too; ids and tasks any that has a form in UTF-8."""
    text = name.encode("utf-8", "replace").decode()
    begin: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": name}}
    config: RunnableConfig = {"configurable": {**begin["configurable"], "checkpoint_id": f"i{text}"}}
    with open_database(empty_postgres_url) as database, database.saver() as saver:
        saver.put_writes(config, [("c", text)], f"task{text}")
        saver.put(begin, {**checkpoint(), "id": f"i{text}"}, {"source": "loop"}, {"n": 1})
        found = saver.get_tuple(config)
        assert found is not None
        assert found.config["configurable"]["checkpoint_ns"] == name
        assert found.checkpoint["id"] == f"i{text}"
        assert found.pending_writes == [(f"task{text}", "c", text)]


def test_handles_take_turns_on_a_thread(empty_postgres_url: str) -> None:
    """Two handles that go on with one thread in turn, without reading it, both know what the other has done."""
    with (
        open_database(empty_postgres_url) as one,
        open_database(empty_postgres_url) as other,
        one.saver() as a,
        other.saver() as b,
    ):
        config = put(a, thread("t"))
        for _ in range(3):
            config = put(b, config)
            with pytest.raises(StaleThreadError):
                put(a, {"configurable": {**config["configurable"], "checkpoint_id": "another"}})
            config = put(a, put(a, config))
        b.delete_thread("t")
        config = put(a, thread("t"))
        assert newest(b, "t") == id_of(config)
        assert len(list(b.list(thread("t")))) == 1


def test_rows_pruned_between_two_questions(empty_postgres_url: str) -> None:
    """A reader that has found a checkpoint is told when its line was rewritten before it asks for more."""
    with open_database(empty_postgres_url) as one, open_database(empty_postgres_url) as other:
        with one.saver() as saver:
            put(saver, thread("t"))

        def rewrite(transaction: Any) -> None:
            line = transaction.line(LineKey("t", ""))
            transaction.save([dataclasses.replace(line, generation=line.generation + 1)])

        with one.log.store.reading() as reader:
            found = reader.find(LineKey("t", ""), None)
            assert found is not None
            assert len(reader.rows(found.line.id, [found.chain[0].seq])) == 1
            other.log.writer.do(rewrite)
            with pytest.raises(Superseded):
                reader.rows(found.line.id, [found.chain[0].seq])


def blocked(server: Any) -> int:
    """The process id of the session that waits for a lock, as soon as there is one."""
    for _ in range(3000):
        row = server.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
        if row is not None:
            return int(row[0])
        time.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.fixture
def server(empty_postgres_url: str) -> Iterator[Any]:
    """Another session."""
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        yield connection


def test_lost_connection(empty_postgres_url: str, server: Any) -> None:
    """What was being written when the database went away fails with an error that says so; the next call works."""
    with open_database(empty_postgres_url) as database, database.saver() as saver, ThreadPoolExecutor() as pool:
        first = put(saver, thread("t"))
        with server.transaction():
            server.execute("SELECT 1 FROM quorate_threads FOR UPDATE")
            waiting = pool.submit(put, saver, first)
            with psycopg.connect(empty_postgres_url, autocommit=True) as another:
                another.execute("SELECT pg_terminate_backend(%s)", (blocked(another),))
            with pytest.raises(DatabaseError, match=r"not known.*run again"):
                waiting.result()
        assert newest(saver, "t") == id_of(first)
        assert newest(saver, "t") != id_of(put(saver, first))


def test_lost_connections_of_readers(empty_postgres_url: str, server: Any) -> None:
    """After a restart of the database one read may fail for each that was at work, and no more."""
    with open_database(empty_postgres_url) as database, database.saver() as saver, ThreadPoolExecutor(4) as pool:
        put(saver, thread("t"))
        list(pool.map(lambda _: newest(saver, "t"), range(16)))
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        with pytest.raises(DatabaseError, match="that the server runs"):
            newest(saver, "t")
        list(pool.map(lambda _: newest(saver, "t"), range(16)))


def test_idle_connection_is_tried_first(empty_postgres_url: str, server: Any) -> None:
    """A write does not fail because the database was restarted while nobody wrote."""
    with open_database(empty_postgres_url) as database, database.saver() as saver:
        config = put(saver, thread("t"))
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        time.sleep(1.1)
        put(saver, config)


def test_one_request_at_fault(empty_postgres_url: str) -> None:
    """A checkpoint whose id is there already fails alone; what was written at the same time is there."""
    with open_database(empty_postgres_url) as database, database.saver() as saver, ThreadPoolExecutor(8) as pool:
        same, begin = checkpoint(), {"thread_id": "t", "checkpoint_ns": ""}
        saver.put({"configurable": begin}, same, {"source": "loop"}, {"n": 1})

        def write(name: str) -> bool:
            if name.endswith("3"):
                with pytest.raises(DatabaseError, match="quorate_checkpoints"):
                    saver.put({"configurable": begin}, same, {"source": "update"}, {"n": 1})
                return True
            return id_of(put(saver, thread(name))) == newest(saver, name)

        for turn in range(3):
            assert all(pool.map(write, [f"{turn}, {number}" for number in range(8)]))


def test_log_commits_are_on_disk_whatever_the_server_says(empty_postgres_url: str, server: Any) -> None:
    """A database that commits before a write is on disk, or sees one moment in a transaction, does not for the log."""
    name = server.info.dbname
    for setting in ("synchronous_commit = off", "default_transaction_isolation = serializable"):
        server.execute(f"ALTER DATABASE {name} SET {setting}")
    with open_database(empty_postgres_url) as one, open_database(empty_postgres_url) as other:

        def asked(transaction: Any) -> Any:
            return transaction.ask(
                "SELECT current_setting('synchronous_commit'), current_setting('transaction_isolation')"
            )

        assert one.log.writer.do(asked) == [("on", "read committed")]
        with one.saver() as a, other.saver() as b:
            config = put(a, thread("t"))
            for saver in (b, a, b, a):
                config = put(saver, config)
            assert newest(b, "t") == id_of(config)


def test_rights_that_a_saver_needs(empty_postgres_url: str, server: Any) -> None:
    """A user who may not make tables can use the saver with rights on the tables and on the sequence."""
    open_database(empty_postgres_url).close()
    clerk = f"saver_of_{server.info.dbname}"
    server.execute(f"CREATE ROLE {clerk} LOGIN")
    server.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {clerk}")
    with open_database(empty_postgres_url.replace("postgres:@", f"{clerk}@")) as database, database.saver() as saver:
        with pytest.raises(DatabaseError, match=r"quorate_places.*grant the rights"):
            put(saver, thread("t"))
        server.execute(f"GRANT USAGE ON SEQUENCE quorate_places TO {clerk}")
        assert id_of(put(saver, thread("t"))) == newest(saver, "t")


CHILD_FORKS = """
import os, sys
from langgraph.checkpoint.base import empty_checkpoint
from quorate.checkpoints import open_database

def put(saver, thread):
    config = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    saver.put(config, empty_checkpoint(), {"source": "loop"}, {})
    assert saver.get_tuple(config) is not None

with open_database(sys.argv[1]) as database, database.saver() as saver:
    for number in range(3):
        put(saver, f"parent {number}")
        if os.fork() == 0:
            put(saver, f"child {number}")
            put(saver, f"parent {number}")
            os._exit(0)
        put(saver, f"parent and {number}")
        assert os.wait()[1] == 0
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")
def test_a_forked_process_has_connections_of_its_own(empty_postgres_url: str) -> None:
    """A handle that was open before a fork serves both processes, and no place in the log is given twice."""
    child = subprocess.run([sys.executable, "-c", CHILD_FORKS, empty_postgres_url], check=True, timeout=120)
    assert child.returncode == 0
    with open_database(empty_postgres_url) as database, database.log.store.reading() as reader:
        lines = reader.lines()
        places = [event.seq for line in lines for event in reader.events(line.id)]
    assert len(lines) == 9
    assert len(places) == len(set(places)) == 12


def test_four_processes_on_one_database(zygote: Zygote, empty_postgres_url: str, tmp_path: Any) -> None:
    """Four processes write to one database for three seconds, and all that they did is there."""
    names = [f"process{number}" for number in range(4)]
    children = [zygote.start("run_for", empty_postgres_url, str(tmp_path / name), name, 3.0) for name in names]
    assert [zygote.wait(child) for child in children] == [0] * 4
    done = [line for name in names for line in (tmp_path / name).read_text().split()]
    assert len(done) >= 4
    with open_database(empty_postgres_url) as database, database.saver() as saver:
        assert {found.id for found in database.threads()} == set(done)
        graph = work().compile(checkpointer=saver)
        for name in done:
            assert graph.get_state(thread(name)).values == expected(name)
