from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint
from langgraph.func import entrypoint, task
from langgraph.types import Command, interrupt
from tests.fakes.moment_store import MomentStore
from tests.fakes.retained_graph import asking, talking, with_subgraph
from tests.fakes.thread_history import seen

from quorate.checkpoints import Database, Keep, Retention, open_database
from quorate.checkpoints.audit.audit import Audit, heads_of
from quorate.checkpoints.log.codec import header_of
from quorate.checkpoints.log.line import LineKey
from quorate.checkpoints.log.request import PutCheckpoint
from quorate.contracts import DatabaseError, InputError, StaleThreadError

KEY = "kC7hEr9R9uVYwd3ZSNSqEZ3ABMU0vqZPYO3nYk6cHmc="


def config(thread: str = "t") -> RunnableConfig:
    return {"configurable": {"thread_id": thread}}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with open_database(database_url) as opened:
        yield opened


def lines(database: Database) -> dict[str, int]:
    """The namespaces, each with the number of its events."""
    with database.log.store.reading() as reader:
        return {line.key.namespace: line.events for line in reader.lines()}


def rows(database: Database) -> int:
    """How many rows the log has."""
    with database.log.store.reading() as reader:
        return sum(len(list(reader.events(line.id))) for line in reader.lines())


def payload(database: Database) -> int:
    """How many bytes the rows of the log hold."""
    with database.log.store.reading() as reader:
        return sum(len(row.payload) for line in reader.lines() for row in reader.events(line.id))


def proved(database: Database) -> bool:
    log = database.log
    return not list(Audit(log.store, log.sealer))


def turns(database: Database, count: int, thread: str = "t") -> list[Any]:
    """What a thread says after each of so many turns."""
    with database.saver() as saver:
        graph = talking().compile(checkpointer=saver)
        return [graph.invoke({"said": [f"turn {number}"]}, config(thread))["said"] for number in range(count)]


def test_latest(database: Database) -> None:
    """Keeping the latest leaves one checkpoint, a few rows and fewer bytes, and the thread goes on from it."""
    said = turns(database, 20)
    before, size = rows(database), payload(database)
    (pruned,) = Retention(database).prune(keep=Keep("latest"))
    assert (pruned.thread, pruned.kept, pruned.deleted) == ("t", 1, False)
    assert pruned.checkpoints == 20 * 4 - 1
    assert rows(database) <= 5 < before
    assert payload(database) < size / 2
    with database.saver() as saver:
        assert len(list(saver.list(config()))) == 1
        graph = talking().compile(checkpointer=saver)
        assert graph.get_state(config()).values["said"] == said[-1]
        assert graph.invoke({"said": ["more"]}, config())["said"][: len(said[-1]) + 1] == [*said[-1], "more"]
    assert proved(database)


def test_decided(database: Database) -> None:
    """Keeping what was decided leaves the end of each turn, as it was."""
    said = turns(database, 5)
    with database.saver() as saver:
        before = seen(saver, "t")
        (pruned,) = Retention(database).prune(keep=Keep("decided"))
        assert pruned.kept == 5
        after = seen(saver, "t")
        assert [content[0]["channel_values"]["said"] for content in after.values()] == said[::-1]
        assert after == {key: before[key] for key in after}
        # Once more there is nothing to do, and nothing is written.
        assert Retention(database).prune(keep=Keep("decided"))[0].checkpoints == 0
    assert proved(database)


def test_newest_so_many(database: Database) -> None:
    """Keeping a number leaves so many of the newest checkpoints."""
    turns(database, 5)
    with database.saver() as saver:
        before = list(seen(saver, "t"))
        Retention(database).prune(keep=Keep(7))
        assert list(seen(saver, "t")) == before[:7]


def test_age(database: Database) -> None:
    """With an age only what is older goes, but the newest, and with `none` a thread that has ended."""
    turns(database, 2)
    retention = Retention(database)
    now = datetime.now(UTC)
    month = timedelta(days=30)
    assert retention.prune(keep=Keep("latest", month), now=now + timedelta(days=29))[0].checkpoints == 0
    assert retention.prune(keep=Keep("latest", month), now=now + timedelta(days=31), dry_run=True)[0].checkpoints == 7
    assert retention.prune(keep=Keep("latest", month), now=now + timedelta(days=31))[0].kept == 1
    turns(database, 1)
    assert retention.prune(keep=Keep("none", month), now=now + timedelta(days=29))[0].checkpoints == 0
    (pruned,) = retention.prune(keep=Keep("none", month), now=now + timedelta(days=31))
    assert pruned.deleted
    assert lines(database) == {}


def test_only_named_threads(database: Database) -> None:
    """Where threads are named, the others stay as they are."""
    for thread in ("a", "b"):
        turns(database, 1, thread)
    assert [each.thread for each in Retention(database).prune(["b"], Keep("none"))] == ["b"]
    assert [thread.id for thread in database.threads()] == ["a"]
    with database.saver() as saver:
        assert len(list(saver.list(config("a")))) == 4


def test_named_thread_that_is_not_there(database: Database) -> None:
    """An id that no thread has is an error, and nothing is pruned then."""
    turns(database, 2)
    with pytest.raises(InputError, match="'unknown'"):
        Retention(database).prune(["t", "unknown"], Keep("none"))
    assert lines(database)


def test_thread_without_a_checkpoint(database: Database) -> None:
    """A thread whose first checkpoint never came is among all, stays when they are pruned, and can be deleted."""
    with database.saver() as saver:
        saver.put_writes(
            {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "1"}}, [("a", 1)], "1"
        )
    retention = Retention(database)
    assert retention.threads() == ["t"]
    assert [each.checkpoints for each in retention.prune(keep=Keep("none"))] == [0]
    assert lines(database) == {"": 1}
    retention.delete("t")
    assert lines(database) == {}


def test_waiting_thread(database: Database) -> None:
    """A thread that waits for a person keeps what it waits on, whatever is pruned, and goes on with the answer."""
    with database.saver() as saver:
        graph = asking().compile(checkpointer=saver)
        graph.invoke({"said": ["in"]}, config())
        asked = graph.get_state(config()).tasks
        (pruned,) = Retention(database).prune(keep=Keep("none"), now=datetime.now(UTC) + timedelta(days=999))
        assert (pruned.kept, pruned.deleted) == (1, False)
        assert graph.get_state(config()).tasks == asked
        assert graph.invoke(Command(resume="out"), config())["said"] == ["in", "one", "out"]
        assert Retention(database).prune(keep=Keep("none"))[0].deleted


def test_thread_that_asks_meanwhile(database: Database) -> None:
    """A thread that had ended, and asks something before it is deleted for that, stays with its question."""
    turns(database, 1)
    log = database.log
    with database.saver() as saver:
        graph = asking().compile(checkpointer=saver)
        ask = partial(graph.invoke, {"said": ["in"]}, config())
        store = MomentStore(log.store, ask, moment=2)  # the first looks whether there is something to do at all
        found = SimpleNamespace(log=SimpleNamespace(store=store, sealer=log.sealer, writer=log.writer), blobs=None)
        (pruned,) = Retention(cast(Database, found)).prune(["t"], Keep("none"))
        assert not pruned.deleted
        assert graph.invoke(Command(resume="out"), config())["said"][-2:] == ["one", "out"]


def test_unfinished_thread(database: Database) -> None:
    """A thread whose step has raised keeps its newest checkpoint, and what its other tasks have written on it."""
    ran = []

    def fails(state: Any) -> Any:
        ran.append("fails")
        if len(ran) < 3:
            raise ValueError("no")
        return {"said": ["late"]}

    def works(state: Any) -> Any:
        ran.append("works")
        return {"said": ["works"]}

    builder = talking()
    builder.add_node("fails", fails).add_node("works", works)
    builder.add_edge("two", "fails").add_edge("two", "works")
    with database.saver() as saver:
        graph = builder.compile(checkpointer=saver)
        with pytest.raises(ValueError, match="no"):
            graph.invoke({"said": []}, config())
        (pruned,) = Retention(database).prune(keep=Keep("none"))
        assert pruned.kept == 1
        assert graph.invoke(None, config())["said"][2:] == ["late", "works"]
        assert ran.count("works") == 1


def put(database: Database, values: dict[str, Any], version: Any = 4, **changes: Any) -> None:
    """Store the next checkpoint, of some version, with these values, as an imported thread may have them."""
    checkpoint = {**empty_checkpoint(), "v": version, "channel_values": values, **changes}
    checkpoint["channel_versions"] = dict.fromkeys(values, 2)
    with database.saver() as saver:
        newest = saver.get_tuple(config())
        saver.put(
            {"configurable": {"thread_id": "t", "checkpoint_ns": ""}} if newest is None else newest.config,
            cast(Checkpoint, checkpoint),
            {"source": "loop", "step": 1},
            dict.fromkeys(values, 2),
        )


@pytest.mark.parametrize("version", [1, 2, None, "2"])
@pytest.mark.parametrize("channel", ["branch:a:route:b", "start:b", "a"])
def test_thread_of_an_older_version(database: Database, version: Any, channel: str) -> None:
    """A thread in an older form that stands before a node, as far as one can tell, is not deleted as one that ended."""
    put(database, {"said": ["x"], channel: "a"}, version, versions_seen={"a": {"start:a": 1}})
    (pruned,) = Retention(database).prune(keep=Keep("none"))
    assert (pruned.kept, pruned.deleted) == (1, False)


@pytest.mark.parametrize("channel, kept", [("start:b", 1), ("a", 2)])
def test_turns_of_an_older_version(database: Database, channel: str, kept: int) -> None:
    """Where an older form does not tell whether a turn has ended, its checkpoint is kept as one that was decided."""
    put(database, {"said": ["x"], channel: "a"}, 2, versions_seen={"a": {"start:a": 1}})
    put(database, {"said": ["x", "y"]})
    assert Retention(database).prune(keep=Keep("decided"))[0].kept == kept


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_thread_of_any_version_that_has_ended(database: Database, version: int) -> None:
    """A thread in which nothing is left that could start a node has ended, whatever its version."""
    put(database, {"said": ["x"]}, version, versions_seen={"a": {"start:a": 1}})
    assert Retention(database).prune(keep=Keep("none"))[0].deleted


@pytest.mark.parametrize("channel", ["__pregel_tasks", "join:a+b:c"])
def test_damaged_value_of_what_waits(database: Database, channel: str) -> None:
    """A thread whose waiting tasks cannot be read is an error that names it, and stays as it is."""
    header = header_of({"c": {"v": 4}, "m": {"step": 1}, "s": {}, "v": {channel: 1}}, None)
    values = {channel: ("msgpack", b"\x92\xa1a")}
    request = PutCheckpoint(LineKey("t", ""), "1", None, header, dict(values), values.keys(), True, None, False)
    database.log.writer.do(request)
    with pytest.raises(DatabaseError, match="'t'"):
        Retention(database).prune(keep=Keep("none"))
    assert rows(database) == 1


def test_functional_graph(database: Database) -> None:
    """Where a task of an entrypoint waits, its thread is not taken to have ended; when it has, it is."""

    @task
    def more(number: int) -> int:
        return number + 1

    with database.saver() as saver:

        @entrypoint(checkpointer=saver)
        def flow(number: int) -> int:
            return more(number).result() + interrupt("how many more?")

        flow.invoke(1, config())
        assert Retention(database).prune(keep=Keep("none"))[0].checkpoints == 0
        assert flow.invoke(Command(resume=5), config()) == 7
        assert Retention(database).prune(keep=Keep("none"))[0].deleted


@pytest.mark.parametrize("lasting", [False, True])
def test_subgraphs(database: Database, lasting: bool) -> None:
    """A subgraph's checkpoints stay while its task waits, and go when the checkpoint that it ran on goes."""
    with database.saver() as saver:
        graph = with_subgraph(lasting=lasting).compile(checkpointer=saver)
        graph.invoke({"said": ["in"]}, config())
        Retention(database).prune(keep=Keep("latest"))
        assert len(lines(database)) == 3
        assert graph.invoke(Command(resume="yes"), config())["said"][-2:] == ["yes", "last"]
        Retention(database).prune(keep=Keep("decided"))
        assert set(lines(database)) == ({"", "middle"} if lasting else {""})
        graph.invoke({"said": ["again"]}, config())
        assert graph.invoke(Command(resume="yes"), config())["said"][-2:] == ["yes", "last"]
        Retention(database).prune(keep=Keep("none"))
        assert lines(database) == {}


def test_pruned_checkpoint_is_told(database: Database) -> None:
    """A checkpoint that was pruned is not there; a run that goes on from it is told so."""
    turns(database, 2)
    with database.saver() as saver:
        old = list(saver.list(config()))[3]
        Retention(database).prune(keep=Keep("latest"))
        assert saver.get_tuple(old.config) is None
        newest = saver.get_tuple(config())
        assert newest is not None
        assert newest.parent_config is not None
        checkpoint = {**newest.checkpoint, "id": "1f1e5b00-0000-6000-8000-000000000000"}
        metadata: Any = {"source": "loop", "step": 9, "parents": {}}
        with pytest.raises(StaleThreadError):
            saver.put(old.config, checkpoint, metadata, {})  # type: ignore[arg-type]


def test_run_under_way(database: Database) -> None:
    """A run that has begun before a prune ends as if there had been none."""
    builder = talking()
    builder.add_node("prune", lambda state: Retention(database).prune(keep=Keep("latest")) and None)
    builder.add_edge("two", "prune")
    with database.saver() as saver:
        graph = builder.compile(checkpointer=saver)
        for turn in range(3):
            assert len(graph.invoke({"said": ["in"]}, config(), durability="sync")["said"]) == 3 * turn + 3
        assert len(list(saver.list(config()))) == 2
    assert proved(database)


def test_heads_hold(database: Database) -> None:
    """Where a thread stood is proved after a prune as before it, and that a thread was deleted is told."""
    log = database.log
    turns(database, 2)
    turns(database, 1, "other")
    heads = list(heads_of(log.store, log.sealer, datetime.now(UTC)))
    turns(database, 1)
    Retention(database).prune(["t"], Keep("latest"))
    assert list(Audit(log.store, log.sealer, heads=heads)) == []
    Retention(database).delete("other")
    assert [found.kind for found in Audit(log.store, log.sealer, heads=heads)] == ["deleted"]


def test_prunings_do_not_add_up(database: Database) -> None:
    """However often a thread is pruned, few rows stay."""
    for _ in range(6):
        turns(database, 1)
        Retention(database).prune(keep=Keep("latest"))
        assert rows(database) <= 5
    assert proved(database)


def test_changed_row_is_not_hidden(sqlite_url: str) -> None:
    """A thread with a changed row is not pruned, since that would hide the change; deleted it can be."""
    with open_database(sqlite_url) as database:
        turns(database, 2)
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute(
                "UPDATE quorate_writes SET task = 'other' WHERE seq = (SELECT min(seq) FROM quorate_writes)"
            )
        with pytest.raises(DatabaseError, match="quorate audit verify"):
            Retention(database).prune(keep=Keep("latest"))
        with database.saver() as saver:
            assert len(list(saver.list(config()))) == 8
        Retention(database).delete("t")
        assert database.threads() == []


def test_encrypted(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An encrypted thread is pruned, copied and exported as any other, and the log shows nothing of it."""
    monkeypatch.setenv("QUORATE_KEYS", KEY)
    with open_database(sqlite_url) as database, database.saver() as saver:
        said = turns(database, 3)
        retention = Retention(database)
        retention.prune(keep=Keep("decided"))
        retention.copy("t", "copied")
        retention.restore(retention.export("t"), "imported")
        graph = talking().compile(checkpointer=saver)
        for thread in ("t", "copied", "imported"):
            assert [state.values["said"] for state in graph.get_state_history(config(thread))] == said[::-1]
        assert proved(database)
        retention.vacuum()
    content = Path(sqlite_url.removeprefix("sqlite:///")).read_bytes()
    assert b"and more of it" not in content
    assert b"imported" not in content


def test_policy_that_is_remembered(database: Database) -> None:
    """What was decided once holds for every later prune that says nothing else, until it is taken back."""
    turns(database, 2)
    retention = Retention(database)
    with pytest.raises(InputError, match="remembers"):
        retention.prune()
    retention.decide(Keep(3, timedelta(hours=12)))
    with open_database(database.url) as again:
        assert Retention(again).policy == Keep(3, timedelta(hours=12))
    later = datetime.now(UTC) + timedelta(days=1)
    assert retention.prune(now=later)[0].kept == 3
    retention.decide(None)
    assert retention.policy is None


@pytest.mark.parametrize("what", ["all", "", 0, -1, True, 1.5, None])
def test_odd_rules(what: Any) -> None:
    """A rule that cannot be meant is refused when it is made."""
    with pytest.raises(InputError, match="latest"):
        Keep(what)


@pytest.mark.parametrize("age", [timedelta(seconds=-1), timedelta(days=10**6)])
def test_odd_ages(age: timedelta) -> None:
    """An age that cannot be meant is refused when it is made."""
    with pytest.raises(InputError, match="older_than"):
        Keep(older_than=age)


def test_copy_and_delete(database: Database) -> None:
    """A copy has all that the thread has, and lives by itself."""
    turns(database, 2)
    retention = Retention(database)
    with database.saver() as saver:
        retention.copy("t", "copy")
        assert seen(saver, "copy") == seen(saver, "t")
        said = turns(database, 1, "copy")[-1]
        assert len(said) == 9
        retention.delete("t")
        graph = talking().compile(checkpointer=saver)
        assert graph.get_state(config("copy")).values["said"] == said
        for missing in (retention.delete, lambda thread: retention.copy(thread, "x")):
            with pytest.raises(InputError, match="no thread of that id"):
                missing("t")
        with pytest.raises(InputError, match="there already"):
            retention.copy("copy", "copy")
    assert proved(database)


def test_restored_thread_goes_on(database: Database) -> None:
    """A thread that was deleted and restored goes on in the handle that remembers the old one."""
    said = turns(database, 4)[-1]
    retention = Retention(database)
    lines = list(retention.export("t"))
    retention.delete("t")
    retention.restore(lines)
    assert turns(database, 2)[-1][: len(said)] == said
    assert proved(database)


def test_checkpoint_after_one_that_was_deleted(database: Database) -> None:
    """What follows a checkpoint of a thread that was deleted meanwhile holds all its values itself."""
    first, second = empty_checkpoint(), empty_checkpoint()
    first["channel_values"], first["channel_versions"] = {"a": "old"}, {"a": 1}
    second["channel_values"], second["channel_versions"] = {"a": "old", "b": "new"}, {"a": 1, "b": 1}
    with database.saver() as saver:
        after = saver.put({"configurable": {"thread_id": "t", "checkpoint_ns": ""}}, first, {"step": 0}, {"a": 1})
        saver.delete_thread("t")
        found = saver.get_tuple(saver.put(after, second, {"step": 1}, {"b": 1}))
        assert found is not None
        assert found.checkpoint["channel_values"] == second["channel_values"]


def test_copy_of_pending_writes(database: Database) -> None:
    """What a waiting thread waits for goes with its copy: each is answered by itself."""
    with database.saver() as saver:
        graph = asking().compile(checkpointer=saver)
        graph.invoke({"said": ["in"]}, config())
        Retention(database).copy("t", "copy")
        assert graph.invoke(Command(resume="a"), config("copy"))["said"] == ["in", "one", "a"]
        assert graph.invoke(Command(resume="b"), config("t"))["said"] == ["in", "one", "b"]


def test_delete_by_run(database: Database) -> None:
    """Deleting a run's checkpoints leaves the others as they were, the newest of them in front."""
    with database.saver() as saver:
        graph = talking().compile(checkpointer=saver)
        for run in ("a", "b"):
            graph.invoke({"said": [run]}, {**config(), "metadata": {"run_id": run}})
        before = seen(saver, "t")
        saver.delete_for_runs(["b"])
        after = seen(saver, "t")
        assert [content[1]["run_id"] for content in after.values()] == ["a"] * 4
        assert after == {key: before[key] for key in after}
        assert graph.get_state(config()).values["said"][0] == "a"
        saver.delete_for_runs(["a"])
        assert saver.get_tuple(config()) is None
        assert lines(database) == {}
    assert proved(database)


def test_unknown_strategy(database: Database) -> None:
    """A strategy that LangGraph does not have is refused."""
    with database.saver() as saver, pytest.raises(InputError, match="keep_latest"):
        saver.prune(["t"], strategy="keep_oldest")


def test_vacuum(database: Database) -> None:
    """A vacuum removes blobs that nothing refers to, and gives the space of what was pruned back."""
    retention = Retention(database)
    kept, gone = database.blobs.put(b"kept"), database.blobs.put(b"gone")
    with database.saver() as saver:
        graph = talking().compile(checkpointer=saver)
        graph.invoke({"said": [{"$blob": kept, "size": 4}]}, config())
        graph.invoke({"said": [{"$blob": gone, "size": 4}]}, config("other"))
    for number in range(30):
        turns(database, 1, f"thread {number}")
    later = datetime.now(UTC) + timedelta(hours=2)
    assert retention.vacuum(later).blobs == 0
    retention.delete("other")
    for number in range(30):
        retention.delete(f"thread {number}")
    assert retention.vacuum(later - timedelta(hours=2)).blobs == 0  # a run may be about to refer to it
    done = retention.vacuum(later)
    assert (done.blobs, database.blobs.has(kept), database.blobs.has(gone)) == (1, True, False)
    assert 0 < done.after <= done.before
