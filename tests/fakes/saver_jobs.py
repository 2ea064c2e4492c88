"""What the children of the saver's tests do: run graphs on one database, and say what was acknowledged."""

from __future__ import annotations

import asyncio
import hashlib
import json
import operator
import os
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Annotated, Any

from langchain_core.runnables import RunnableConfig
from langgraph.channels import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver, ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.graph import END, START, StateGraph
from tests.fakes.delegating_saver import DelegatingSaver
from tests.fakes.graph_player import thread
from tests.fakes.transcript import plain
from typing_extensions import TypedDict

from quorate.checkpoints import open_database

__all__ = ["EXPECTED", "digest", "given", "run_for", "work", "write_runs"]

ROUNDS = 3


def joined(state: list[str], writes: Sequence[list[str]]) -> list[str]:
    return [*state, *(part for write in writes for part in write)]


class Work(TypedDict, total=False):
    name: str
    log: Annotated[list[str], operator.add]
    talk: Annotated[list[str], DeltaChannel(joined, snapshot_frequency=3)]


def work() -> StateGraph[Any, Any, Any, Any]:
    """Three rounds of two nodes side by side and one that joins them, on a list and on a delta channel."""

    def side(name: str) -> Any:
        return lambda state: {
            "log": [f"{name}{len(state['log'])}"],
            "talk": [f"{state['name']}: {name} " + "word " * 20],
        }

    builder = StateGraph(Work)
    builder.add_node("left", side("left")).add_node("right", side("right"))
    builder.add_node("join", lambda state: {"log": [f"join{len(state['talk'])}"]})
    builder.add_edge(START, "left").add_edge(START, "right").add_edge(["left", "right"], "join")
    builder.add_conditional_edges(
        "join", lambda state: END if len(state["log"]) > ROUNDS * 3 else ["left", "right"], ["left", "right", END]
    )
    return builder


def given(name: str) -> Work:
    """The input of a run."""
    return {"name": name, "log": ["in"], "talk": [f"{name}: begin"]}


def expected(name: str) -> Any:
    """What a run of that name ends with."""
    return {**EXPECTED, "name": name, "talk": [text.replace("NAME", name) for text in EXPECTED["talk"]]}


# It also imports all that a run needs, before children are forked.
EXPECTED = work().compile(checkpointer=InMemorySaver()).invoke(given("NAME"), thread())


def digest(value: Any) -> str:
    return hashlib.sha256(repr(plain(value)).encode()).hexdigest()[:16]


def digest_of_values(checkpoint: Checkpoint) -> str:
    """The digest of the values that a checkpoint must give back."""
    values = checkpoint["channel_values"]
    return digest({name: value for name, value in values.items() if not isinstance(value, _DeltaSnapshot)})


class AcknowledgingSaver(DelegatingSaver):
    """Writes a line to a file for each call that has returned, so for each thing that must be there from then on."""

    def __init__(self, saver: BaseCheckpointSaver[Any], file: int) -> None:
        super().__init__(saver)
        self._file = file

    def _say(self, line: dict[str, Any]) -> None:
        os.write(self._file, (json.dumps(line) + "\n").encode())

    def _say_put(self, config: RunnableConfig, checkpoint: Checkpoint) -> None:
        place = config["configurable"]
        self._say({"thread": place["thread_id"], "id": checkpoint["id"], "values": digest_of_values(checkpoint)})

    def _say_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task: str) -> None:
        place = config["configurable"]
        content = [[channel, digest(value)] for channel, value in writes]
        self._say({"thread": place["thread_id"], "id": place["checkpoint_id"], "task": task, "writes": content})

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        result = self.inner.put(config, checkpoint, metadata, new_versions)
        self._say_put(config, checkpoint)
        return result

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        result = await self.inner.aput(config, checkpoint, metadata, new_versions)
        self._say_put(config, checkpoint)
        return result

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        self.inner.put_writes(config, writes, task_id, task_path)
        self._say_writes(config, writes, task_id)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        await self.inner.aput_writes(config, writes, task_id, task_path)
        self._say_writes(config, writes, task_id)


def write_runs(url: str, said: str, life: str, is_async: bool) -> None:
    """Run one graph after the other in three lanes, until somebody ends this process."""
    file = os.open(said, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    database = open_database(url)

    def lane(number: int) -> None:
        with database.saver() as saver:
            graph = work().compile(checkpointer=AcknowledgingSaver(saver, file))
            for run in count():
                name = f"{life}-{number}-{run}"
                graph.invoke(given(name), thread(name), durability="sync")

    async def lanes() -> None:
        async with database.asaver() as saver:
            graph = work().compile(checkpointer=AcknowledgingSaver(saver, file))

            async def alane(number: int) -> None:
                for run in count():
                    name = f"{life}-{number}-{run}"
                    await graph.ainvoke(given(name), thread(name), durability="sync")

            await asyncio.gather(*map(alane, range(3)))

    if is_async:
        asyncio.run(lanes())
    threads = [Thread(target=lane, args=(number,)) for number in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def run_for(url: str, said: str, process: str, seconds: float) -> None:
    """Run graphs four at a time on threads of their own until the time is over; say the name of each that ended."""
    end = time.monotonic() + seconds

    async def lanes() -> None:
        with open_database(url) as database, Path(said).open("a") as file:  # noqa: ASYNC230 - nothing waits for it
            async with database.asaver() as saver:
                graph = work().compile(checkpointer=saver)

                async def lane(number: int) -> None:
                    for run in count():
                        if time.monotonic() > end:
                            return
                        name = f"{process}-{number}-{run}"
                        result = await graph.ainvoke(given(name), thread(name), durability="sync")
                        assert result == expected(name)
                        file.write(f"{name}\n")

                await asyncio.gather(*map(lane, range(4)))

    asyncio.run(lanes())
