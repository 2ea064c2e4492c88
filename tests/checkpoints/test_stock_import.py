from __future__ import annotations

import signal
import sqlite3
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, StateGraph
from tests.fakes import (
    scenarios_of_deltas,
    scenarios_of_questions,
    scenarios_of_subgraphs,
    scenarios_of_time,
    scenarios_of_work,
)
from tests.fakes.graph_player import Scenario, thread
from tests.fakes.scenarios_of_time import Log, steps
from tests.fakes.stock_savers import MovingPlayer, StockPlayer, stock_saver, stock_tables, sync_stock_saver
from tests.fakes.transcript import differences, numbered, plain, plain_rows
from tests.fakes.zygote import Zygote

from quorate.checkpoints import Database, open_database
from quorate.checkpoints.audit.audit import Audit
from quorate.checkpoints.stock.importer import import_threads

pytestmark = pytest.mark.long

SCENARIOS: list[Scenario] = [
    *scenarios_of_time.SCENARIOS,
    *scenarios_of_questions.SCENARIOS,
    *scenarios_of_subgraphs.SCENARIOS,
    *scenarios_of_work.SCENARIOS,
    *scenarios_of_deltas.SCENARIOS,
]
SYNCHRONOUS = [scenario for scenario in SCENARIOS if not scenario.__name__.endswith("durability_async")]
"""Without those in which a stock saver stores what the next step has already changed."""
MOST_TELLING: list[Scenario] = [
    scenarios_of_questions.questions_answered_one_by_one,
    scenarios_of_subgraphs.question_two_levels_down,
    scenarios_of_subgraphs.question_in_a_subgraph_that_remembers,
    scenarios_of_work.values_of_many_kinds,
    scenarios_of_deltas.delta_questions,
    scenarios_of_deltas.delta_replay,
    scenarios_of_deltas.delta_messages,
]
DELTAS = ("log", "notes", "messages")
"""The delta channels of the scenarios."""


def name_of(value: Any) -> str:
    return str(getattr(value, "__name__", value))


@dataclass(frozen=True)
class Move:
    """From which saver threads are taken over to which database."""

    stock: str
    """The URL of the stock saver's database."""
    own: str
    """The URL of quorate's; it may be the same."""
    is_async: bool
    """Whether the async faces are used."""


@pytest.fixture
def move(request: pytest.FixtureRequest, tmp_path: Path) -> Move:
    """A move as the test names it: `sqlite-sync to postgres`, say; from Postgres to Postgres within one database."""
    source, _, target = request.param.partition(" to ")
    kind, _, face = source.partition("-")

    def url(kind: str, name: str) -> str:
        return f"sqlite:///{tmp_path / name}" if kind == "sqlite" else request.getfixturevalue("empty_postgres_url")

    return Move(url(kind, "stock.db"), url(target, "quorate.db"), face == "async")


def take_over(move: Move, database: Database) -> None:
    """Import all threads."""
    with stock_tables(move.stock) as tables:
        found = list(import_threads(tables, database.log, tables.threads()))
    assert [each.status for each in found] == ["imported"] * len(found)


async def rows(saver: BaseCheckpointSaver[Any], name: str, *, is_async: bool) -> list[Any]:
    """What a saver gives back of a thread: its checkpoints, and the history of its delta channels before each."""
    if is_async:
        listed = [row async for row in saver.alist(thread(name))]
    else:
        listed = list(saver.list(thread(name)))
    histories = []
    for row in sorted(listed, key=lambda row: row.config["configurable"]["checkpoint_id"]):
        channels = [
            channel
            for channel in DELTAS
            if f"'{channel}'" in str(row.metadata.get("counters_since_delta_snapshot", ""))
        ]
        if is_async:
            found = await saver.aget_delta_channel_history(config=row.config, channels=channels)
        else:
            found = saver.get_delta_channel_history(config=row.config, channels=channels)
        histories.append(plain(dict(found)))
    return [plain_rows(listed), histories]


@pytest.mark.parametrize("move", ["sqlite-sync to sqlite", "postgres-async to postgres"], indirect=True)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
async def test_thread_stays_what_it_was(move: Move, scenario: Scenario) -> None:
    """A thread that is taken over has the same checkpoints, metadata, writes and histories, and a proven log."""
    async with stock_saver(move.stock, is_async=move.is_async) as stock:
        await scenario(StockPlayer(stock, is_async=move.is_async))
        expected = [await rows(stock, name, is_async=move.is_async) for name in ("t", "u")]
    with open_database(move.own) as database, database.saver() as saver:
        take_over(move, database)
        found = [await rows(saver, name, is_async=False) for name in ("t", "u")]
        assert list(Audit(database.log.store, database.log.sealer)) == []
    assert not differences(found, expected)[:5]


async def moved(scenario: Scenario, move: Move, after: int) -> list[Any]:
    """The transcript of a scenario that changes savers after some runs."""
    async with AsyncExitStack() as stack:
        stock = await stack.enter_async_context(stock_saver(move.stock, is_async=move.is_async))
        database = stack.enter_context(open_database(move.own))
        own: Any = stack.enter_context(database.saver())
        if move.is_async:
            own = await stack.enter_async_context(database.asaver())
        over = partial(take_over, move, database)
        player = MovingPlayer(stock, own, over, after=after, is_async=move.is_async)
        await scenario(player)
        return await player.transcript()


@pytest.mark.parametrize(
    "move, scenario",
    [
        *[("sqlite-sync to sqlite", scenario) for scenario in SYNCHRONOUS],
        *[("sqlite-async to postgres", scenario) for scenario in MOST_TELLING],
        *[("postgres-sync to sqlite", scenario) for scenario in MOST_TELLING],
        *[("postgres-async to postgres", scenario) for scenario in SYNCHRONOUS],
    ],
    indirect=["move"],
    ids=name_of,
)
async def test_runs_go_on(move: Move, tmp_path: Path, scenario: Scenario) -> None:
    """A thread that is taken over in the middle goes on to the same results as one that stays with the stock saver."""
    async with stock_saver(f"sqlite:///{tmp_path / 'whole.db'}", is_async=move.is_async) as stock:
        player = StockPlayer(stock, is_async=move.is_async)
        await scenario(player)
        expected = await player.transcript()
    runs = sum(what == "invoke" for what, _ in expected)
    assert not differences(await moved(scenario, move, after=(runs + 1) // 2), expected)[:5]


@pytest.mark.parametrize("move", ["sqlite-sync to sqlite", "postgres-sync to postgres"], indirect=True)
def test_encrypted_database(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads are taken over into an encrypted database, and found there when they are taken over again."""
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    with sync_stock_saver(move.stock) as stock:
        steps("a", "b").compile(checkpointer=stock).invoke({"log": ["a secret"]}, thread())
    monkeypatch.setenv("QUORATE_KEYS", "A" * 43)
    with open_database(move.own) as database, database.saver() as saver:
        take_over(move, database)
        with stock_tables(move.stock) as tables:
            assert [each.status for each in import_threads(tables, database.log, ["t"])] == ["present"]
        assert steps("a", "b").compile(checkpointer=saver).get_state(thread()).values["log"] == ["a secret", "a1", "b2"]
        assert list(Audit(database.log.store, database.log.sealer)) == []


OLDER = {"branch:to:a": "start:a", "branch:to:b": "branch:a:route:b", "branch:to:c": "branch:a:route:c"}
"""How LangGraph called its channels before version 3 of its checkpoints."""


def branching(saver: BaseCheckpointSaver[Any]) -> Any:
    """A node, and two to which it branches."""
    builder = StateGraph(Log)
    for name in "abc":
        builder.add_node(name, lambda state, name=name: {"log": [name]})
    builder.add_edge(START, "a").add_conditional_edges("a", lambda state: ["b", "c"], ["b", "c"])
    return builder.compile(checkpointer=saver)


def older(value: Any) -> Any:
    """The value with the older names in it."""
    match value:
        case dict():
            return {older(key): older(part) for key, part in value.items()}
        case list():
            return [older(part) for part in value]
    return OLDER.get(value, value) if isinstance(value, str) else value


def gone_on(saver: BaseCheckpointSaver[Any]) -> list[Any]:
    """What a thread of that graph gives as it goes on."""
    graph = branching(saver)
    given = [graph.get_state(thread()), graph.invoke(None, thread()), graph.invoke({"log": ["more"]}, thread())]
    graph.update_state(thread(), {"log": ["edit"]}, as_node="a")
    given += [graph.get_state(thread()), graph.invoke(None, thread()), list(graph.get_state_history(thread()))]
    return [numbered(plain(each), {}) for each in given]


def test_channels_of_an_older_langgraph(sqlite_url: str, tmp_path: Path) -> None:
    """A thread that an older LangGraph stopped before a branch goes on as with the stock saver."""
    stock_url = f"sqlite:///{tmp_path / 'stock.db'}"
    serde = JsonPlusSerializer()
    with sync_stock_saver(stock_url) as stock:
        branching(stock).invoke({"log": ["in"]}, thread(), interrupt_before=["b", "c"])
    with closing(sqlite3.connect(tmp_path / "stock.db")) as connection, connection:
        for number, content in connection.execute("SELECT rowid, checkpoint FROM checkpoints").fetchall():
            checkpoint = {**older(serde.loads_typed(("msgpack", content))), "v": 2}
            changed = serde.dumps_typed(checkpoint)[1]
            connection.execute("UPDATE checkpoints SET checkpoint = ? WHERE rowid = ?", (changed, number))
    with open_database(sqlite_url) as database, database.saver() as saver:
        take_over(Move(stock_url, sqlite_url, False), database)
        found = gone_on(saver)
    with sync_stock_saver(stock_url) as stock:
        assert not differences(found, gone_on(stock))[:5]


@pytest.mark.parametrize("move", ["sqlite-sync to sqlite", "sqlite-sync to postgres"], indirect=True)
@pytest.mark.parametrize("after", [1, 6, 11])
def test_killed_import_goes_on(zygote: Zygote, move: Move, after: int) -> None:
    """What a killed import has taken over is whole threads, and the next one takes over the others."""
    with sync_stock_saver(move.stock) as stock:
        for number in range(4):
            steps("a").compile(checkpointer=stock).invoke({"log": ["in"]}, thread(f"t{number}"))
    assert zygote.wait(zygote.start("die_while_importing", move.stock, move.own, after)) == -signal.SIGKILL
    with open_database(move.own) as database, database.saver() as saver:
        done = (after - 1) // 3
        assert [one.id for one in reversed(database.threads())] == [f"t{number}" for number in range(done)]
        with stock_tables(move.stock) as tables:
            found = list(import_threads(tables, database.log, tables.threads()))
        assert [each.status for each in found] == ["present"] * done + ["imported"] * (4 - done)
        assert [len(list(saver.list(thread(f"t{number}")))) for number in range(4)] == [3] * 4
