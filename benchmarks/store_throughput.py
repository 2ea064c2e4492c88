"""Store throughput: runs a second of several savers that take turns."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from benchmarks.store_kinds import Store
from benchmarks.store_shape import Graph, desk, new_thread
from benchmarks.store_words import Writer

__all__ = ["CONCURRENT", "Rates", "runs_kept", "throughput"]

CONCURRENT = (1, 16, 64)
"""The numbers of concurrent runs."""

Rates = dict[tuple[str, int], list[float]]
"""Runs a second in each round, by the saver's name and the number of concurrent runs."""


async def throughput(stores: Sequence[Store], rounds: int, runs: int, tick: Callable[[], None]) -> Rates:
    """Runs a second of each saver; another one is the first in each round."""
    writer = Writer(1)
    rates: Rates = defaultdict(list)
    for number in range(rounds):
        first = number % len(stores)
        for concurrent in CONCURRENT:
            for store in (*stores[first:], *stores[:first]):
                async with store.open() as saver:
                    graph = desk().compile(checkpointer=saver)
                    await _runs_per_s(graph, concurrent, concurrent, writer)  # opens connections, fills caches
                    rates[store.name, concurrent].append(await _runs_per_s(graph, runs, concurrent, writer))
                tick()
    return dict(rates)


def runs_kept(rounds: int, runs: int) -> int:
    """How many runs each saver keeps in all."""
    return rounds * sum(runs + concurrent for concurrent in CONCURRENT)


async def _runs_per_s(graph: Graph, runs: int, concurrent: int, writer: Writer) -> float:
    """Runs a second of so many workers, each of which takes the next run as soon as it has finished one."""
    waiting = iter([({"request": writer.page()}, new_thread()) for _ in range(runs)])

    async def work() -> None:
        for page, thread in waiting:
            await graph.ainvoke(page, thread, durability="sync")

    gc.collect()
    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrent)))
    return runs / (time.perf_counter() - started)
