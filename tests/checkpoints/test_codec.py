from __future__ import annotations

import asyncio
import math

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointMetadata, empty_checkpoint

from quorate.checkpoints import open_database
from quorate.contracts import DatabaseError

ROOT: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


def test_equal_values_of_other_types_are_told_apart(sqlite_url: str) -> None:
    """Metadata comes back with its own types, though the checkpoint before had values that Python calls equal."""
    first = {"source": "input", "step": -1, "a": 1, "b": [1, {"c": 1}], "d": 0.0}
    second = {"source": "loop", "step": 0, "a": True, "b": [1.0, {"c": True}], "d": -0.0}
    with open_database(sqlite_url) as database, database.saver() as saver:
        one = saver.put(ROOT, empty_checkpoint(), CheckpointMetadata(**first), {})  # type: ignore[typeddict-item]
        two = saver.put(one, empty_checkpoint(), CheckpointMetadata(**second), {})  # type: ignore[typeddict-item]
        found = saver.get_tuple(two)
    assert found is not None
    assert repr(sorted(found.metadata.items())) == repr(sorted(second.items()))
    assert math.copysign(1, found.metadata["d"]) == -1  # type: ignore[typeddict-item]


@pytest.mark.parametrize("together", [False, True])
async def test_an_id_is_stored_once(sqlite_url: str, together: bool) -> None:
    """A second checkpoint under an id that is there is refused, also where both wait for one transaction."""
    checkpoint = empty_checkpoint()
    metadata: CheckpointMetadata = {"source": "update", "step": -1}
    with open_database(sqlite_url) as database:
        async with database.asaver() as saver:
            puts = [saver.aput(ROOT, checkpoint, metadata, {}) for _ in range(2)]
            if together:
                results = await asyncio.gather(*puts, return_exceptions=True)
            else:
                results = [*await asyncio.gather(puts[0]), *await asyncio.gather(puts[1], return_exceptions=True)]
            assert isinstance(results[1], DatabaseError)
            assert not isinstance(results[0], BaseException)
            assert [found.checkpoint["id"] async for found in saver.alist(ROOT)] == [checkpoint["id"]]
