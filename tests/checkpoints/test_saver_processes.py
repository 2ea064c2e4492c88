from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from tests.fakes.graph_player import thread
from tests.fakes.race import Outcome, after, arrive, race, race_in_tasks, race_in_threads
from tests.fakes.saver_jobs import expected, work
from tests.fakes.transcript import differences, numbered, plain_rows
from tests.fakes.zygote import Zygote

from quorate.checkpoints import open_database
from quorate.contracts import StaleThreadError

pytestmark = pytest.mark.long

NAMES = [f"runner{number}" for number in range(8)]


def test_eight_processes_on_one_file(zygote: Zygote, sqlite_url: str, tmp_path: Path) -> None:
    """Eight processes write to one file for ten seconds; none meets a locked file, and all that they did is there."""
    names = [f"process{number}" for number in range(8)]
    children = [zygote.start("run_for", sqlite_url, str(tmp_path / name), name, 10.0) for name in names]
    assert [zygote.wait(child) for child in children] == [0] * 8
    done = [line for name in names for line in (tmp_path / name).read_text().split()]
    assert len(done) >= 8
    with open_database(sqlite_url) as database, database.saver() as saver:
        assert {found.id for found in database.threads()} == set(done)
        graph = work().compile(checkpointer=saver)
        for name in done:
            state = graph.get_state(thread(name))
            assert state.values == expected(name)
            assert not state.tasks


def race_in_processes(
    zygote: Zygote, folder: Path, url: str, kind: str, names: list[str], answer_to: str | None
) -> list[Outcome]:
    """Runs in processes of their own."""
    children = [zygote.start("race_in_process", url, kind, name, answer_to, str(folder), len(names)) for name in names]
    assert [zygote.wait(child) for child in children] == [0] * len(names)
    return [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]


@pytest.fixture(params=["threads", "tasks", "processes"])
def racing(request: pytest.FixtureRequest, zygote: Zygote, tmp_path: Path) -> Any:
    """How runs race: `racing(url, kind, names, answer_to)` gives their outcomes."""
    if request.param == "processes":
        return lambda *args: race_in_processes(zygote, tmp_path, *args)
    return race_in_threads if request.param == "threads" else race_in_tasks


def rows(saver: BaseCheckpointSaver[Any]) -> Any:
    return numbered(plain_rows(saver.list(thread())), {})


def check_race(url: str, kind: str, outcomes: list[Outcome], before: list[str]) -> None:
    """Check that one run has won, that the thread holds its work and no other, and that the others were told so."""
    assert not [one["failure"] for one in outcomes if "failure" in one]
    winners = [one for one in outcomes if "result" in one]
    assert len(winners) == 1
    for one in outcomes:
        assert "result" in one or all(one["error"].values())
        assert "result" in one or "t" in one["error"]["where"]
    alone = after(kind, [*before, winners[0]["name"]])
    with open_database(url) as database, database.saver() as saver:
        assert race(kind).compile(checkpointer=saver).get_state(thread()).values == winners[0]["result"]
        assert not differences(rows(saver), rows(alone))[:5]


@pytest.mark.parametrize("kind", ["plain", "memory"])
@pytest.mark.parametrize("turns", [0, 2])
def test_one_run_of_a_thread_wins(database_url: str, racing: Any, kind: str, turns: int) -> None:
    """Of eight runs that have read the same state of a thread one ends, and the thread holds only what that one did."""
    before = [f"turn{turn}" for turn in range(turns)]
    with open_database(database_url) as database, database.saver() as saver:
        for name in before:
            race(kind).compile(checkpointer=saver).invoke(arrive(name, None), thread())
    outcomes = racing(database_url, kind, NAMES, None)
    check_race(database_url, kind, outcomes, before)


def test_one_answer_to_a_question_wins(database_url: str, racing: Any) -> None:
    """Of two answers to one question that are given at once one counts, and the other is refused."""
    with open_database(database_url) as database, database.saver() as saver:
        asked = race("question").compile(checkpointer=saver).invoke(arrive("in", None), thread())
    outcomes = racing(database_url, "question", ["yes", "no"], asked["__interrupt__"][0].id)
    check_race(database_url, "question", outcomes, ["in"])


def test_losers_may_try_again(database_url: str, racing: Any) -> None:
    """Runs that were refused end well one after the other, and all of them are in the thread then."""
    outcomes = racing(database_url, "plain", NAMES[:3], None)
    losers = [one["name"] for one in outcomes if "result" not in one]
    with open_database(database_url) as database, database.saver() as saver:
        graph = race("plain").compile(checkpointer=saver)
        for name in losers:
            result = graph.invoke(arrive(name, None), thread())
    assert {text.split()[0] for text in result["log"]} == set(NAMES[:3])
    assert len(result["log"]) == len(result["talk"]) == 3 * 5


def test_stale_checkpoint_is_explained(database_url: str) -> None:
    """A checkpoint after one that is no longer the newest is refused; the error names both, the thread and the way."""
    with open_database(database_url) as database, database.saver() as saver:
        first, second, third = (empty_checkpoint() for _ in range(3))
        begin = saver.put(
            {"configurable": {"thread_id": "desk 7", "checkpoint_ns": ""}}, first, {"source": "input"}, {}
        )
        saver.put(begin, second, {"source": "loop"}, {})
        with pytest.raises(StaleThreadError) as refused:
            saver.put(begin, third, {"source": "loop"}, {})
        assert "desk 7" in refused.value.where
        assert first["id"] in refused.value.got
        assert second["id"] in refused.value.expected
        assert "update_state" in refused.value.fix
        assert [row.checkpoint["id"] for row in saver.list(thread("desk 7"))] == [second["id"], first["id"]]


async def test_runs_that_start_when_they_like(database_url: str) -> None:
    """Of runs that begin while others are at work one at least ends, and each does or is refused."""

    async def run(graph: Any, number: int) -> Any:
        await asyncio.sleep(number * 0.004)
        try:
            return await graph.ainvoke(arrive(f"runner{number}", None), thread())
        except StaleThreadError:
            return None

    with open_database(database_url) as database:
        async with database.asaver() as saver:
            graph = race("plain").compile(checkpointer=saver)
            results = await asyncio.gather(*(run(graph, number) for number in range(12)))
            state = await graph.aget_state(thread())
    assert not state.tasks
    ended = [result for result in results if result is not None]
    assert ended
    for result in ended:
        assert state.values["log"][: len(result["log"])] == result["log"]
        assert state.values["talk"][: len(result["talk"])] == result["talk"]
