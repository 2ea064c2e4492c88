from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from tests.fakes.graph_player import thread
from tests.fakes.saver_jobs import digest, digest_of_values, expected, given, work
from tests.fakes.zygote import Zygote

from quorate.checkpoints import open_database

pytestmark = pytest.mark.long


def said(file: Path) -> list[dict[str, Any]]:
    """What a child acknowledged, without a last line that it did not write to its end."""
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    return [json.loads(line) for line in lines]


def one_life(zygote: Zygote, url: str, file: Path, life: int, dice: random.Random) -> list[dict[str, Any]]:
    """Start a child, and kill it at a moment drawn by lot: so many acknowledgements after its start, and a little."""
    child = zygote.start("write_runs", url, str(file), f"life{life}", life % 2 == 1)
    enough, most = dice.randrange(60), time.monotonic() + 60
    while len(said(file)) < enough:
        assert time.monotonic() < most, "the child acknowledges nothing"
        time.sleep(0.001)
    time.sleep(dice.uniform(0, 0.02))
    assert zygote.kill(child) < 0
    return said(file)


def check(saver: BaseCheckpointSaver[Any], acknowledged: list[dict[str, Any]]) -> set[str]:
    """Check that all is there that was acknowledged; the threads that it belongs to."""
    by_thread: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in acknowledged:
        by_thread[line["thread"]].append(line)
    for name, lines in by_thread.items():
        found = {row.checkpoint["id"]: row for row in saver.list(thread(name))}
        if not any("values" in line for line in lines):
            continue  # LangGraph stores the first writes beside the first checkpoint, and nothing reads them without
        for line in lines:
            row = found[line["id"]]
            if "values" in line:
                assert digest_of_values(row.checkpoint) == line["values"]
            else:
                there = [
                    [channel, digest(value)]
                    for task, channel, value in row.pending_writes or []
                    if task == line["task"]
                ]
                assert sorted(there) == sorted(line["writes"])
    return set(by_thread)


def resume(saver: BaseCheckpointSaver[Any], names: set[str]) -> None:
    """Let every run go on to its end."""
    graph = work().compile(checkpointer=saver)
    for name in names:
        state = graph.get_state(thread(name))
        if state.tasks or not state.values:
            graph.invoke(None if state.tasks else given(name), thread(name))
        state = graph.get_state(thread(name))
        assert not state.tasks
        assert state.values == expected(name)


def survive(zygote: Zygote, url: str, folder: Path, lives: int) -> None:
    """Kill as many writers, and check after each that nothing is lost and all goes on."""
    dice = random.Random(7)
    everything: list[dict[str, Any]] = []
    names: set[str] = set()
    for life in range(lives):
        acknowledged = one_life(zygote, url, folder / f"life{life}", life, dice)
        with open_database(url) as database, database.saver() as saver:
            begun = {found.id for found in database.threads() if found.id.startswith(f"life{life}-")}
            assert check(saver, acknowledged) <= begun
            resume(saver, begun)
        everything += acknowledged
        names |= begun
    assert len(everything) > lives
    with open_database(url) as database, database.saver() as saver:
        check(saver, everything)
        assert {found.id for found in database.threads()} == names


def test_killed_writers_of_a_file_lose_nothing(zygote: Zygote, sqlite_url: str, tmp_path: Path) -> None:
    """A process that is killed at any of 100 moments has stored all that it acknowledged, in a file that is whole."""
    survive(zygote, sqlite_url, tmp_path, 100)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_killed_writers_of_a_server_lose_nothing(zygote: Zygote, empty_postgres_url: str, tmp_path: Path) -> None:
    """The same holds for 10 moments on a Postgres server."""
    survive(zygote, empty_postgres_url, tmp_path, 10)
