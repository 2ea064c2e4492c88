from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from tests.fakes import (
    scenarios_of_deltas,
    scenarios_of_questions,
    scenarios_of_subgraphs,
    scenarios_of_time,
    scenarios_of_work,
)
from tests.fakes.graph_player import GraphPlayer, Scenario
from tests.fakes.transcript import differences

from quorate.checkpoints import open_database

pytestmark = pytest.mark.long

SCENARIOS: list[Scenario] = [
    *scenarios_of_time.SCENARIOS,
    *scenarios_of_questions.SCENARIOS,
    *scenarios_of_subgraphs.SCENARIOS,
    *scenarios_of_work.SCENARIOS,
    *scenarios_of_deltas.SCENARIOS,
]


@asynccontextmanager
async def saver_of(url: str, *, is_async: bool) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """One face of the saver of a database."""
    with open_database(url) as database:
        if is_async:
            async with database.asaver() as asaver:
                yield asaver
        else:
            with database.saver() as saver:
                yield saver


async def played(scenario: Scenario, saver: BaseCheckpointSaver[Any], *, is_async: bool) -> list[Any]:
    """The transcript of a scenario on a saver."""
    player = GraphPlayer(saver, is_async=is_async)
    await scenario(player)
    return await player.transcript("t", "u")


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_scenario_beside_memory(database_url: str, scenario: Scenario, is_async: bool) -> None:
    """A scenario gives the same results, states, histories and rows on either face of the saver as in memory."""
    expected = await played(scenario, InMemorySaver(), is_async=is_async)
    async with saver_of(database_url, is_async=is_async) as saver:
        found = await played(scenario, saver, is_async=is_async)
    assert not differences(found, expected)[:5]
