"""The items of an inbox, each on its thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from quorate import Claim, StaleThreadError, Supervisor, agent
from quorate.command.item import Item
from quorate.command.outcome import Outcome
from quorate.command.work import Work
from quorate.graphs import Drain


class Note(BaseModel):
    text: str


class Length(BaseModel):
    length: int


@agent(writes={"length": int}, capability="extraction")
def measure(text: str) -> Claim:
    return Claim("length", len(text), confidence=0.9)


class OccupiedSaver(InMemorySaver):
    """Lets no run on to the thread `busy`: another one is at work on it."""

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        thread = config.get("configurable", {})["thread_id"]
        if thread == "busy":
            raise StaleThreadError(f"thread {thread!r}", got="a second run", expected="one run", fix="wait for it")
        return await super().aput(config, checkpoint, metadata, new_versions)


def outcomes(threads: Sequence[str]) -> dict[str, Outcome]:
    team = Supervisor("notes", request=Note, outcome=Length, agents=[measure])
    found: list[Outcome] = []
    items = [Item(f"{thread}.txt", thread, {"text": "four"}) for thread in threads]
    asyncio.run(Work(team, "notes", OccupiedSaver(), Drain()).run(iter(items), 2, found.append))
    return {each.thread: each for each in found}


def test_a_thread_of_another_run_is_unfinished() -> None:
    """A thread that another run is at work on has not failed: it is unfinished, and the others go on."""
    found = outcomes(["busy", "free"])
    assert {thread: each.status for thread, each in found.items()} == {"busy": "unfinished", "free": "settled"}
    assert found["busy"].reason == "a second run"
    assert found["busy"].fix == "another run may be at work on it; run again when it has ended"
