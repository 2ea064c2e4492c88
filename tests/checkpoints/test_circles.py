"""Rows that somebody changed so that they follow themselves: what reads them ends."""

from __future__ import annotations

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint
from tests.checkpoints.test_schema import run

from quorate.checkpoints import open_database
from quorate.checkpoints.log.line import LineKey
from quorate.checkpoints.log.store import CheckpointRow
from quorate.contracts import DatabaseError

THREAD: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


@pytest.fixture
def database_url(database_url: str) -> str:
    """A database with a thread of three checkpoints."""
    with open_database(database_url) as database, database.saver() as saver:
        after = THREAD
        for number in range(3):
            checkpoint = empty_checkpoint()
            checkpoint["channel_values"], checkpoint["channel_versions"] = {"a": number}, {"a": number + 1}
            after = saver.put(after, checkpoint, {"step": number}, {"a": number + 1})
            saver.put_writes(after, [("a", number)], f"task {number}")
    return database_url


def places(url: str) -> tuple[int, list[int]]:
    """The number of the line, and the places of its checkpoints."""
    with open_database(url) as database, database.log.store.reading() as reader:
        line = reader.line(LineKey("t", ""))
        assert line is not None
        return line.id, [event.seq for event in reader.events(line.id) if isinstance(event, CheckpointRow)]


def test_checkpoint_that_needs_itself(database_url: str) -> None:
    """A checkpoint whose row says that it needs a billion rows before it, of which the first is itself, is refused."""
    *_, newest = places(database_url)[1]
    run(database_url, f"UPDATE quorate_checkpoints SET parent = seq, depth = {10**9} WHERE seq = {newest}")
    with (
        open_database(database_url) as database,
        database.saver() as saver,
        pytest.raises(DatabaseError, match="cannot be read"),
    ):
        saver.get_tuple(THREAD)


def test_path_that_leads_to_itself(database_url: str) -> None:
    """Nothing is found twice on a path back from a checkpoint that follows itself."""
    line, (_, middle, newest) = places(database_url)
    run(database_url, f"UPDATE quorate_checkpoints SET parent = seq WHERE seq = {middle}")
    with open_database(database_url) as database, database.log.store.reading() as reader:
        found = [row.task for row in reader.path_writes(line, newest, 0, -1)]
    assert found == ["task 2", "task 1"]
