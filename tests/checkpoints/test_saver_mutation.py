from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint, empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from tests.fakes import scenarios_of_deltas, scenarios_of_questions, scenarios_of_work
from tests.fakes.graph_player import GraphPlayer, Scenario
from tests.fakes.mutating_saver import MutatingSaver, spoil
from tests.fakes.transcript import differences, plain

from quorate.checkpoints import open_database

PLACE: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
NEWEST: RunnableConfig = {"configurable": {"thread_id": "t"}}

Given = tuple[Checkpoint, Any, Any, list[tuple[str, Any]]]


def given() -> Given:
    """A checkpoint, its metadata and new versions, and writes: all that can be changed in place, nested."""
    values: dict[str, Any] = {
        "list": [{"deep": [1, {"deeper": ["list"]}]}, {2}],
        "message": [HumanMessage("hello", id="h", additional_kwargs={"parts": [1, 2]})],
        "text": "words",
    }
    versions: dict[str, Any] = dict.fromkeys(values, 1)
    checkpoint: Checkpoint = {
        **empty_checkpoint(),
        "channel_values": values,
        "channel_versions": dict(versions),
        "versions_seen": {"node": dict(versions)},
        "updated_channels": sorted(values),
    }
    metadata = {"source": "input", "step": -1, "parents": {"": "none"}, "notes": [{"more": ["notes"]}]}
    writes = [("list", [{"written": ["deep"]}]), ("message", [AIMessage("reply", id="a")])]
    return checkpoint, metadata, versions, writes


def shown(found: Any) -> Any:
    return plain([dict(found.checkpoint), dict(found.metadata), [write[1:] for write in found.pending_writes]])


def expected(original: Given) -> Any:
    checkpoint, metadata, _, writes = original
    return plain([dict(checkpoint), metadata, writes])


def test_put_keeps_what_it_was_given(database_url: str) -> None:
    """What is changed after `put` and `put_writes` have returned is stored as it was when they were called."""
    original = given()
    checkpoint, metadata, versions, writes = copy.deepcopy(original)
    with open_database(database_url) as database, database.saver() as saver:
        config = saver.put(PLACE, checkpoint, metadata, versions)
        saver.put_writes(config, writes, "00000000-0000-5000-8000-000000000001")
        spoil((checkpoint, metadata, versions, writes))
        assert not differences(shown(saver.get_tuple(NEWEST)), expected(original))
    with open_database(database_url) as database, database.saver() as saver:
        assert not differences(shown(saver.get_tuple(NEWEST)), expected(original))


async def test_aput_keeps_what_it_was_given(database_url: str) -> None:
    """What is changed while `aput` and `aput_writes` are on their way is stored as it was when they began."""
    original = given()
    checkpoint, metadata, versions, writes = copy.deepcopy(original)
    place = {"configurable": {**PLACE["configurable"], "checkpoint_id": checkpoint["id"]}}
    with open_database(database_url) as database:
        async with database.asaver() as saver:
            first = asyncio.create_task(saver.aput(PLACE, checkpoint, metadata, versions))
            await asyncio.sleep(0)
            spoil((checkpoint, metadata, versions))
            second = asyncio.create_task(saver.aput_writes(place, writes, "00000000-0000-5000-8000-000000000001"))
            await asyncio.sleep(0)
            spoil(writes)
            await asyncio.gather(first, second)
            assert not differences(shown(await saver.aget_tuple(NEWEST)), expected(original))
    with open_database(database_url) as database, database.saver() as saver:
        assert not differences(shown(saver.get_tuple(NEWEST)), expected(original))


async def test_aput_keeps_bytes_that_may_change(database_url: str) -> None:
    """A bytearray that is changed while `aput` and `aput_writes` are on their way is stored as it was."""
    held, written = bytearray(b"held"), bytearray(b"written")
    checkpoint = {**empty_checkpoint(), "channel_values": {"a": held}, "channel_versions": {"a": 1}}
    place = {"configurable": {**PLACE["configurable"], "checkpoint_id": checkpoint["id"]}}
    with open_database(database_url) as database:
        async with database.asaver() as saver:
            first = asyncio.create_task(saver.aput(PLACE, checkpoint, {"source": "input"}, {"a": 1}))
            second = asyncio.create_task(saver.aput_writes(place, [("a", written)], "task"))
            await asyncio.sleep(0)
            spoil([held, written])
            await asyncio.gather(first, second)
            found = await saver.aget_tuple(NEWEST)
    assert found is not None
    assert found.checkpoint["channel_values"] == {"a": b"held"}
    assert found.pending_writes == [("task", "a", b"written")]


def test_async_calls_may_be_made_before_the_loop_runs(database_url: str) -> None:
    """A coroutine of the saver may be made where no loop runs, as `asyncio.run(saver.aput(...))` does."""
    original = given()
    checkpoint, metadata, versions, writes = copy.deepcopy(original)
    with open_database(database_url) as database, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        saver = runner.run(stack.enter_async_context(database.asaver()))
        config = runner.run(saver.aput(PLACE, checkpoint, metadata, versions))
        runner.run(saver.aput_writes(config, writes, "00000000-0000-5000-8000-000000000001"))
        assert not differences(shown(runner.run(saver.aget_tuple(NEWEST))), expected(original))
        runner.run(stack.aclose())


@pytest.mark.parametrize("read", [lambda saver: saver.get_tuple(NEWEST), lambda saver: next(saver.list(NEWEST))])
def test_what_was_read_may_be_changed(database_url: str, read: Callable[[BaseCheckpointSaver[Any]], Any]) -> None:
    """What a saver gives back belongs to its caller: changing it changes nothing that is read later."""
    original = given()
    checkpoint, metadata, versions, writes = copy.deepcopy(original)
    with open_database(database_url) as database, database.saver() as saver:
        config = saver.put(PLACE, checkpoint, metadata, versions)
        saver.put_writes(config, writes, "00000000-0000-5000-8000-000000000001")
        for _ in range(3):
            found = read(saver)
            spoil((found.checkpoint, found.metadata, found.pending_writes, found.config))
        assert not differences(shown(read(saver)), expected(original))
        history = saver.get_delta_channel_history(config=config, channels=["list"])
        spoil(dict(history))


def test_put_after_a_spoiled_one(database_url: str) -> None:
    """A checkpoint is stored whole though its caller has changed the objects of the one before."""
    with open_database(database_url) as database, database.saver() as saver:
        checkpoint, metadata, versions, _ = given()
        config = saver.put(PLACE, checkpoint, metadata, versions)
        later = copy.deepcopy(checkpoint)
        later["id"] = empty_checkpoint()["id"]
        later["channel_values"]["text"] = "other words"
        later["channel_versions"]["text"] = 2
        spoil((checkpoint, metadata, versions))
        spoil(saver.get_tuple(NEWEST))
        saver.put(config, copy.deepcopy(later), {"source": "loop", "step": 0, "parents": {}}, {"text": 2})
        found = saver.get_tuple(NEWEST)
    assert found is not None
    assert not differences(plain(dict(found.checkpoint)), plain(dict(later)))


SCENARIOS: list[Scenario] = [
    scenarios_of_questions.questions_answered_one_by_one,
    scenarios_of_work.sent_tasks,
    scenarios_of_work.removed_messages,
    scenarios_of_deltas.delta_replay,
    scenarios_of_deltas.delta_messages,
]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_runs_of_a_caller_who_spoils_everything(database_url: str, scenario: Scenario, is_async: bool) -> None:
    """Runs give what they give in memory though all that the saver was given, and gave back, is changed at once."""
    plainly = GraphPlayer(InMemorySaver(), is_async=is_async)
    await scenario(plainly)
    with open_database(database_url) as database, database.saver() as saver:
        async with database.asaver() as asaver:
            player = GraphPlayer(MutatingSaver(asaver if is_async else saver), is_async=is_async)
            await scenario(player)
            assert not differences(await player.transcript("t"), await plainly.transcript("t"))[:5]
