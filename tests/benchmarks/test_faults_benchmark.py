"""The benchmark of faults: the reproduced rows, the framework's row, its virtual clock, and its last line."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

import pytest
from benchmarks.faults_rows import ROWS, Figures
from benchmarks.faults_world import LARGE, SMALL, World
from benchmarks.virtual_clock import run_virtually
from tests.fakes.command_line import ROOT, clean_environment

PRINTED = {"linear": (0.684, 0.405, 4209), "dag": (0.950, 0.287, 1818), "mesh": (0.892, 0.353, 2808)}
FIGURES = ["success", "usd", "ms", "silent_wrong"]


@pytest.mark.long
@pytest.mark.parametrize("row", PRINTED)
def test_reproduced_rows(row: str) -> None:
    """Each reproduced row is as the world's page prints it, within .01 of the rate, .01 dollars and 50 ms."""
    figures = Figures.of(ROWS[row](World(seed), task) for seed in range(5) for task in range(2_000))
    success, usd, ms = PRINTED[row]
    assert figures.success == pytest.approx(success, abs=0.01)
    assert figures.usd == pytest.approx(usd, abs=0.01)
    assert figures.ms == pytest.approx(ms, abs=50)


def test_draws_belong_to_their_place() -> None:
    """A draw is that of its seed, task, step, attempt and voter, whatever was drawn before."""
    world = World(3)
    first = world.call(LARGE, 7, "act", attempt=1, voter="a", kilotokens=2.8)
    world.call(SMALL, 8, "act", attempt=2, voter="b", kilotokens=2.8)
    assert world.call(LARGE, 7, "act", attempt=1, voter="a", kilotokens=2.8) == first
    assert World(4).call(LARGE, 7, "act", attempt=1, voter="a", kilotokens=2.8) != first


def test_virtual_clock() -> None:
    """An hour passes at once, in order; while a thread is at work the clock stands still."""
    seen: list[str] = []

    async def after(seconds: float, name: str) -> None:
        await asyncio.sleep(seconds)
        seen.append(name)

    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        await asyncio.gather(after(3600, "late"), after(60, "early"), asyncio.to_thread(time.sleep, 0.01))
        passed = loop.time()
        waiting = asyncio.ensure_future(after(60, "never"))
        await asyncio.to_thread(time.sleep, 0.01)
        waiting.cancel()
        return passed, loop.time()

    assert run_virtually(main()) == (3600, 3600)
    assert seen == ["early", "late"]


def test_last_line() -> None:
    """The last line has every row, as it is, with twice the faults, and in bursts."""
    arguments = ("--seeds", "1", "--tasks", "30", "--quorate-tasks", "3", "--jobs", "1")
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "faults.py", *arguments],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.splitlines()[-1])
    rows = [*ROWS, "quorate"]
    assert list(read) == [*rows, "double", "burst"]
    for scene in (read, read["double"], read["burst"]):
        assert [list(scene[row]) for row in rows] == [FIGURES] * len(rows)
    assert read["quorate"]["success"] > 0.5
