"""Store conversation: threads of many turns, and reading their history."""

from __future__ import annotations

import gc
import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.store_kinds import Saver, Store, memory, quorate_sqlite, stock_sqlite
from benchmarks.store_shape import CHECKPOINTS, ListState, State, desk, new_thread
from benchmarks.store_words import Writer
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig

__all__ = ["KINDS", "Talk", "conversations", "history_ms"]

KINDS = {"quorate": State, "memory": State, "stock_delta": State, "stock_list": ListState}
"""The conversations that are held, with their channels."""
NEWEST = 10
"""How many checkpoints of the history are read."""
READS = 15
"""How often they are read."""


@dataclass(frozen=True)
class Talk:
    """What one conversation took."""

    turns: list[float]
    """Milliseconds of each turn."""
    megabytes: float
    """What it left on disk, in 1,000,000 bytes."""

    @property
    def early(self) -> float:
        """Milliseconds of a turn, median of turns 6 to 15."""
        return statistics.median(self.turns[5:15] or self.turns)

    @property
    def late(self) -> float:
        """Milliseconds of a turn, median of the last ten."""
        return statistics.median(self.turns[-10:])


async def conversations(folder: Path, rounds: int, turns: int, tick: Callable[[], None]) -> dict[str, list[Talk]]:
    """The conversations of each kind: with quorate and in memory one a round, with LangGraph's own saver one."""
    talks: dict[str, list[Talk]] = defaultdict(list)
    for number in range(rounds):
        for kind, channels in KINDS.items():
            if number and kind.startswith("stock"):
                continue
            file = folder / f"{kind}-{number}.db"
            store = quorate_sqlite(file) if kind == "quorate" else memory() if kind == "memory" else stock_sqlite(file)
            async with store.open() as saver:
                times = await _converse(saver, new_thread(), turns, channels)
            talks[kind].append(Talk(times, store.size() / 1e6))
            tick()
    return dict(talks)


async def history_ms(store: Store, checkpoints: int) -> float:
    """Milliseconds for the newest checkpoints of a conversation that has so many, in a newly opened database."""
    thread = new_thread()
    async with store.open() as saver:
        await _converse(saver, thread, -(-checkpoints // CHECKPOINTS), State)
    times: list[float] = []
    async with store.open() as saver:
        graph = desk().compile(checkpointer=saver)
        for _ in range(READS):
            gc.collect()
            started = time.perf_counter()
            found = [snapshot async for snapshot in graph.aget_state_history(thread, limit=NEWEST)]
            times.append((time.perf_counter() - started) * 1e3)
            if len(found) != min(NEWEST, checkpoints):
                raise SystemExit(f"{store.name} gave {len(found)} of its {checkpoints} checkpoints")
    return statistics.median(times)


async def _converse(saver: Saver, thread: RunnableConfig, turns: int, channels: Any) -> list[float]:
    """Milliseconds of each turn."""
    writer = Writer(2)
    graph = desk(writer.message, channels=channels).compile(checkpointer=saver)
    times = []
    gc.collect()
    for _ in range(turns):
        said = {"request": writer.page(), "messages": [HumanMessage(writer.message(), id=str(uuid.uuid4()))]}
        started = time.perf_counter()
        await graph.ainvoke(said, thread, durability="sync")
        times.append((time.perf_counter() - started) * 1e3)
    return times
