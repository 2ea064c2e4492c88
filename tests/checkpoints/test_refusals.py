"""A line whose row cannot be opened: it is named, and the others are listed, pruned and projected as ever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from langchain_core.runnables import RunnableConfig
from tests.checkpoints.test_schema import run
from tests.fakes.retained_graph import talking

from quorate.checkpoints import Database, Keep, Retention, open_database
from quorate.checkpoints.log.refusals import Refusals
from quorate.checkpoints.projection.projection import project
from quorate.contracts import DatabaseError

pytest.importorskip("cryptography", reason="the extra security is not installed")

KEY = "kC7hEr9R9uVYwd3ZSNSqEZ3ABMU0vqZPYO3nYk6cHmc="


def config(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread}}


@pytest.fixture
def damaged(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An encrypted database of three threads, of which the id of the first is sealed with what nobody can open."""
    monkeypatch.setenv("QUORATE_KEYS", KEY)
    with open_database(database_url) as database:
        with database.saver() as saver:
            graph = talking().compile(checkpointer=saver)
            for thread in ("a", "b", "c"):
                for _ in range(2):
                    graph.invoke({"said": ["in"]}, config(thread))
        project(database, plaintext=True)
    longer = "sealed || '\\x00'" if database_url.startswith("postgres") else "CAST(sealed || x'00' AS BLOB)"
    first = "SELECT min(line) FROM quorate_threads"
    run(database_url, f"UPDATE quorate_threads SET sealed = {longer} WHERE line = ({first})")
    with open_database(database_url) as database:
        yield database


def test_list(damaged: Database) -> None:
    """Without a place for errors the row is one; with it the others are listed."""
    with pytest.raises(DatabaseError, match=r"line \d+, the id of its thread"):
        damaged.threads()
    refused = Refusals()
    assert [each.id for each in damaged.threads(refused=refused)] == ["c", "b"]
    assert Retention(damaged).threads(refused) == ["c", "b"]
    with pytest.raises(DatabaseError, match=r"line (\d+), the id of its thread.*; besides line \1"):
        refused.check()


def test_prune(damaged: Database) -> None:
    """All others are pruned; then the one is named."""
    pruned = []
    with pytest.raises(DatabaseError, match="the id of its thread"):
        Retention(damaged).prune(keep=Keep("latest"), done=pruned.append)
    assert [(each.thread, each.kept) for each in pruned] == [("c", 1), ("b", 1)]


def test_project(damaged: Database) -> None:
    """All others are projected, and rows that may be of the one stay; then it is named."""
    with damaged.saver() as saver:
        talking().compile(checkpointer=saver).invoke({"said": ["in"]}, config("b"))
    told = []
    with pytest.raises(DatabaseError, match="the id of its thread"):
        project(damaged, plaintext=True, report=lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]
    with pytest.raises(DatabaseError, match="the id of its thread"):
        project(damaged, plaintext=True, rebuild=True, report=lambda done, total: told.append((done, total)))
    assert told == [(1, 1), (2, 2)]
