from __future__ import annotations

import operator
import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import pytest
from langgraph.channels import DeltaChannel
from langgraph.graph import END, START, StateGraph
from tests.fakes.graph_player import thread
from typing_extensions import TypedDict

from quorate.checkpoints import open_database

pytestmark = pytest.mark.long

TURNS = 100
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def words(dice: random.Random, size: int) -> str:
    """So many bytes of random words."""
    text = ""
    while len(text) < size:
        text += "".join(dice.choices(LETTERS, k=dice.randrange(2, 9))) + " "
    return text[:size]


def joined(state: list[Any], writes: Sequence[list[Any]]) -> list[Any]:
    return [*state, *(part for write in writes for part in write)]


class Listed(TypedDict, total=False):
    talk: Annotated[list[dict[str, str]], operator.add]


class Delta(TypedDict, total=False):
    talk: Annotated[list[dict[str, str]], DeltaChannel(joined)]


def converse(url: str, state: type, turns: range) -> int:
    """Turns of 2 x 1 KB on one thread; the bytes of their content."""
    dice = random.Random(turns.start)
    content = 0

    def reply(_: Any) -> Any:
        return {"talk": [{"role": "ai", "content": words(dice, 1000)}]}

    builder = StateGraph(state)
    builder.add_node("reply", reply).add_edge(START, "reply").add_edge("reply", END)
    with open_database(url) as database, database.saver() as saver:
        graph = builder.compile(checkpointer=saver)
        for _ in turns:
            result = graph.invoke({"talk": [{"role": "human", "content": words(dice, 1000)}]}, thread())
            content += 2000
        assert len(result["talk"]) == turns.stop * 2
    return content


def size_of(url: str) -> tuple[int, int]:
    """The bytes and the rows of a database that nobody has open."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            tables = [name for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            rows = sum(file.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables)
        return Path(path).stat().st_size, rows
    import psycopg

    with psycopg.connect(url) as server:
        query = "SELECT relname::text, pg_total_relation_size(relid) FROM pg_stat_user_tables"
        tables = server.execute(query).fetchall()
        rows = 0
        for name, _ in tables:
            counted = server.execute(f'SELECT count(*) FROM "{name}"').fetchone()  # type: ignore[arg-type]
            rows += counted[0] if counted else 0
    return sum(size for _, size in tables), rows


@pytest.mark.parametrize("state", [Listed, Delta])
def test_conversation_costs_what_is_new(database_url: str, state: type) -> None:
    """The second half of a long conversation adds about as many bytes and rows as the first, few beside its words."""
    open_database(database_url).close()
    empty, _ = size_of(database_url)
    content = converse(database_url, state, range(TURNS // 2))
    half, half_rows = size_of(database_url)
    content += converse(database_url, state, range(TURNS // 2, TURNS))
    whole, whole_rows = size_of(database_url)
    assert whole - empty < 8 * content
    assert whole - half < 2 * (half - empty) + 100_000
    assert whole_rows < 2.5 * half_rows
    assert whole_rows < TURNS * 20


@pytest.mark.parametrize("state", [Listed, Delta])
def test_conversation_of_many_handles_costs_what_is_new(database_url: str, state: type) -> None:
    """The same holds where the database is opened anew for every turn."""
    open_database(database_url).close()
    empty, _ = size_of(database_url)
    content = sum(converse(database_url, state, range(turn, turn + 1)) for turn in range(60))
    whole, _ = size_of(database_url)
    assert whole - empty < 8 * content


def test_what_did_not_change_is_not_stored_again(database_url: str) -> None:
    """Ten steps that change one of many channels add less than the channels that they leave as they were."""
    dice = random.Random(1)
    names = [f"part{number}" for number in range(20)]
    builder = StateGraph(TypedDict("Parts", {**dict.fromkeys(names, str), "step": int}))  # type: ignore[operator]
    for number in range(10):
        step: Callable[[Any], Any] = lambda _, number=number: {"step": number}  # noqa: E731
        builder.add_node(f"step{number}", step)
        builder.add_edge(f"step{number - 1}" if number else START, f"step{number}")
    with open_database(database_url) as database, database.saver() as saver:
        graph = builder.compile(checkpointer=saver)
        graph.update_state(thread(), {name: words(dice, 20_000) for name in names}, as_node=START)
    before, _ = size_of(database_url)
    with open_database(database_url) as database, database.saver() as saver:
        graph = builder.compile(checkpointer=saver)
        graph.invoke({"step": -1}, thread())
        assert len(graph.get_state(thread()).values) == 21
    after, _ = size_of(database_url)
    assert after - before < 400_000
