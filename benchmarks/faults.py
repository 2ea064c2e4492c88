"""What faults cost each design of orchestration, all in one seeded world (`faults_world.py`).

Linear chaining, a stateful DAG and an event-driven mesh are reproduced by hand (`faults_rows.py`), with the large model
alone, and the DAG again with the small model as second voter. `quorate` is the framework itself (`faults_team.py`): its
graph, guards, votes, policy and ledger under a virtual clock, with models that draw from the same streams. How often a
wrong output is caught comes out of its votes.

    python benchmarks/faults.py [--seeds 5] [--tasks 10000] [--quorate-tasks 2000] [--jobs 2] [--only quorate]

A task succeeds where every step's accepted output is right and the act happened once. Cost is per attempted task,
milliseconds are the mean over the successes, and silent_wrong is the share of the tasks that ended as if all were
well, with a wrong output. `double` has twice the faults; in `burst` the attempt after an outage or a rate limit meets
it again with probability .6. Measured are the seeds from 0 on; what the team of `quorate` is made of was chosen before,
on seeds from 100 on. The world is a calibration to published figures, and no evidence for them.

The last line is one JSON object: linear, dag, mesh, dag_small and quorate, each with success, usd, ms and
silent_wrong, and the same within double and burst.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.faults_rows import ROWS, Figures, Task
from benchmarks.faults_world import Rates, World

SCENES = {"": World(0), "double": World(0, times=2.0), "burst": World(0, rates=Rates(burst=0.6))}
"""The world as it is, and the two harder ones, by the key of the figures."""
QUORATE = "quorate"
_AT_ONCE = {QUORATE: 250}
"""How many tasks a process takes at a time, where they are long ones."""
_MANY = 5_000


@dataclass(frozen=True)
class Chunk:
    """Some tasks of one row, for one process. Each chunk of `quorate` has a team of its own."""

    scene: str
    row: str
    seed: int
    tasks: range


def chunks(rows: list[str], seeds: int, tasks: int, quorate_tasks: int) -> Iterator[Chunk]:
    """All the work, the long rows first."""
    for row in sorted(rows, key=lambda name: name != QUORATE):
        most, size = (quorate_tasks if row == QUORATE else tasks), _AT_ONCE.get(row, _MANY)
        for scene in SCENES:
            for seed in range(seeds):
                for first in range(0, most, size):
                    yield Chunk(scene, row, seed, range(first, min(first + size, most)))


def work(chunk: Chunk) -> tuple[Chunk, list[Task]]:
    """What became of the tasks of a chunk."""
    world = dataclasses.replace(SCENES[chunk.scene], seed=chunk.seed)
    if chunk.row != QUORATE:
        return chunk, [ROWS[chunk.row](world, task) for task in chunk.tasks]
    from benchmarks.faults_team import Desk
    from benchmarks.virtual_clock import run_virtually

    async def every() -> list[Task]:
        desk = Desk(world)
        return [await desk(task) for task in chunk.tasks]

    return chunk, run_virtually(every())


def measure(every: list[Chunk], jobs: int) -> dict[tuple[str, str], Figures]:
    """The figures by scene and row; progress goes to stderr."""
    done: dict[tuple[str, str], dict[Chunk, list[Task]]] = defaultdict(dict)
    total, ended = sum(len(chunk.tasks) for chunk in every), 0
    try:
        with Pool(jobs, initializer=_ignore_interrupts) as pool:  # which ends its processes when it is left
            for chunk, tasks in pool.imap_unordered(work, every):
                done[chunk.scene, chunk.row][chunk] = tasks
                ended += len(tasks)
                place = f"{chunk.row} {chunk.scene}".strip()
                print(f"\r{ended:>7} of {total} tasks   {place:<20}", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        _ignore_interrupts()
        print("\nStopped.", file=sys.stderr)
        raise SystemExit(130) from None
    print(file=sys.stderr)
    return {
        place: Figures.of(task for chunk in every if chunk in parts for task in parts[chunk])
        for place, parts in done.items()
    }


def _ignore_interrupts() -> None:
    """A Ctrl-C is for the process that gives out the work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def show(measured: dict[tuple[str, str], Figures], rows: list[str]) -> None:
    """A table for each scene."""
    for scene in SCENES:
        print(f"{scene or 'the world as it is':20}{'success':>10}{'usd':>10}{'ms':>10}{'silent wrong':>14}")
        for row in rows:
            each = measured[scene, row]
            print(f"  {row:18}{each.success:>10.4f}{each.usd:>10.4f}{each.ms:>10}{each.silent_wrong:>14.4f}")
        print()


def main() -> None:
    """Measure, print the tables, and the figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="seeds, from 0 on")
    parser.add_argument("--tasks", type=int, default=10_000, help="tasks a seed of the reproduced rows")
    parser.add_argument("--quorate-tasks", type=int, default=2_000, help="tasks a seed of the framework's row")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1), help="processes")
    parser.add_argument(
        "--only", action="append", choices=[*ROWS, QUORATE], help="this row; may be given several times"
    )
    options = parser.parse_args()

    rows = [row for row in (*ROWS, QUORATE) if not options.only or row in options.only]
    measured = measure(list(chunks(rows, options.seeds, options.tasks, options.quorate_tasks)), options.jobs)
    show(measured, rows)
    figures = {scene: {row: dataclasses.asdict(measured[scene, row]) for row in rows} for scene in SCENES}
    print(json.dumps({**figures.pop(""), **figures}))


if __name__ == "__main__":
    main()
