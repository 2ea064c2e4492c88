from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from tests.fakes.graph_player import thread
from tests.fakes.saver_jobs import expected, given, work

from quorate.checkpoints import open_database

pytestmark = pytest.mark.long


async def stopped(graph: Any, name: str, dice: random.Random) -> bool:
    """Start a run, cancel it at a moment drawn by lot, and let it come to rest; whether it was still at work."""
    before = asyncio.all_tasks()
    # With `async` LangGraph goes on to change a channel's value (of an edge from several nodes) before it is stored.
    run = asyncio.create_task(graph.ainvoke(given(name), thread(name), durability="sync"))
    for _ in range(dice.randrange(120)):
        await asyncio.sleep(0)
    await asyncio.sleep(dice.choice([0, dice.uniform(0, 0.03)]))
    run.cancel()
    # A run that is cancelled when it is about to end leaves its last writes to tasks that nobody waits for.
    if left := asyncio.all_tasks() - before:
        await asyncio.wait(left, timeout=1)
    return run.cancelled()


async def test_cancelled_runs_go_on(database_url: str) -> None:
    """After a run that was cancelled the next one on its thread goes on from what was stored, to the same end."""
    dice = random.Random(5)
    cut = 0
    with open_database(database_url) as database:
        async with database.asaver() as saver:
            graph = work().compile(checkpointer=saver)
            for name in (f"run{number}" for number in range(60)):
                cut += await stopped(graph, name, dice)
                state = await graph.aget_state(thread(name))
                if state.tasks or not state.values:
                    await graph.ainvoke(None if state.tasks else given(name), thread(name))
                state = await graph.aget_state(thread(name))
                assert not state.tasks
                assert state.values == expected(name)
    assert cut
