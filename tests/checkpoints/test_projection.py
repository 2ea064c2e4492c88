"""Projections: plain tables that say what the checkpoints hold."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command
from tests.fakes.projected import all_rows, query
from tests.fakes.till import Slip, Till, Total, first, last

from quorate import Supervisor
from quorate.checkpoints import Database, open_database
from quorate.checkpoints.projection.projection import Projected, project
from quorate.checkpoints.projection.rows import Records, rows_of
from quorate.checkpoints.projection.tables import DECISIONS
from quorate.contracts import Change, Conflict, Decision, Flip

FIRST = "WHERE thread = 'a' AND turn = 1"


@contextmanager
def till(url: str) -> Iterator[tuple[Database, Till]]:
    """A till on a database."""
    with open_database(url) as database, database.saver() as saver:
        yield database, Till(database, saver)


def data(value: Any) -> Any:
    """What a column of JSON holds, as either database gives it."""
    return json.loads(value) if isinstance(value, str) else value


def told(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows that a statement gives, as tuples."""
    return [tuple(row.values()) for row in query(url, sql)]


@pytest.fixture(params=["sqlite", "sqlite to postgres", "postgres", "postgres to sqlite"])
def urls(request: pytest.FixtureRequest) -> tuple[str, str | None]:
    """A database, and where its tables go: None for the same."""
    source, _, to = request.param.partition(" to ")
    names = {"sqlite": "sqlite_url", "postgres": "empty_postgres_url"}
    return request.getfixturevalue(names[source]), request.getfixturevalue(names[to]) if to else None


@pytest.fixture
def tables(urls: tuple[str, str | None]) -> str:
    """The URL of tables in which thread `a` has a finished and a waiting turn, `b` is settled and `c` is foreign."""
    source, to = urls
    with till(source) as (database, desk):
        desk.open("a", "1 ! 2")  # contested, with a fault
        desk.answer("a", "edit")
        desk.open("a", "9 9")  # over the limit: posting waits
        desk.open("b", "3 3")
        desk.run_other("c")
        assert project(database, to=to) == Projected(threads=3, changed=3, unreadable=0, removed=0)
    return to or source


def test_threads_and_turns(tables: str) -> None:
    """A thread is a row with where it stands, and so is each of its turns with its request and its outcome."""
    assert told(tables, "SELECT thread, status, turns, reason FROM threads ORDER BY thread") == [
        ("a", "waiting", 2, "post: the policy approves it only where decided.total <= 5.0"),
        ("b", "settled", 1, "all 2 goals are settled"),
        ("c", "other", None, "of a graph that is no team of quorate"),
    ]
    turns = query(tables, "SELECT * FROM turns WHERE thread = 'a' ORDER BY turn")
    assert [(row["status"], data(row["request"])) for row in turns] == [
        ("settled", {"text": "1 ! 2"}),
        ("waiting", {"text": "9 9"}),
    ]
    assert [data(row["outcome"]).get("total") for row in turns] == ["4", "9"]
    assert turns[0]["opened_at"] < turns[0]["ended_at"] <= turns[0]["updated_at"] <= turns[1]["opened_at"]
    assert turns[0]["seconds"] >= 0
    assert turns[1]["ended_at"] is turns[1]["seconds"] is None


def test_claims_and_decisions(tables: str) -> None:
    """A claim says whether it agrees with what was settled; a decision, whether a person overrode the vote."""
    claims = told(
        tables, f"SELECT agent, version, value, confidence, agrees FROM claims {FIRST} AND field = 'total' ORDER BY 1"
    )
    assert claims == [("first", "1.0.0", "1", 0.8, False), ("last", "2.0.0", "2", 0.7, False)]
    assert told(tables, f"SELECT value_type, agrees FROM claims {FIRST} AND field = 'posted'") == [("object", True)]
    (decision,) = query(tables, f"SELECT * FROM decisions {FIRST} AND field = 'total'")
    assert (decision["status"], decision["value"], decision["decided_by"]) == ("settled", "4", "person:ann")
    assert (decision["overridden"], decision["voted_value"], decision["voters"]) == (True, "1", 2)
    assert data(decision["dissent"]) == ["first", "last"]
    assert [each["agents"] for each in data(decision["tally"])] == [["first"], ["last"]]
    assert [(each["kind"], each["agents"]) for each in data(decision["conflicts"])] == [("value", ["last"])]
    assert decision["flip"] is None  # a person has decided


def test_contested_decision() -> None:
    """A contested decision has what would have settled it."""
    change = Change("last", "drop")
    decision = Decision(
        "total", "contested", 1, conflicts=(Conflict("tie", ("a", "b"), "1 and 2"),), flip=Flip((change,), 3)
    )
    (row,) = rows_of("a", 1, Records(decisions={"total": decision}))["decisions"]
    made = dict(zip(DECISIONS.names, row, strict=True))
    assert json.loads(str(made["conflicts"])) == [{"kind": "tie", "agents": ["a", "b"], "note": "1 and 2"}]
    flip = json.loads(str(made["flip"]))
    assert (flip["changes"][0]["agent"], flip["changes"][0]["kind"], flip["value"], flip["exact"]) == (
        "last",
        "drop",
        3,
        True,
    )


def test_reviews(tables: str) -> None:
    """A question is a row with its answer, or open."""
    reviews = query(tables, "SELECT * FROM reviews ORDER BY thread, turn, number")
    answered, waiting = reviews
    assert [answered[name] for name in ("kind", "status", "verdict", "reviewer", "reason_code", "move")] == [
        "fields",
        "answered",
        "edit",
        "ann",
        "edit",
        2,
    ]
    assert [data(answered[name]) for name in ("fields", "proposed", "given")] == [
        ["total"],
        {"total": "1"},
        {"total": "4"},
    ]
    assert answered["asked_at"] < answered["answered_at"]
    assert answered["seconds"] >= 0
    assert [waiting[name] for name in ("kind", "status", "verdict", "answered_at", "seconds", "fields")] == [
        "effect",
        "open",
        None,
        None,
        None,
        None,
    ]
    assert told(tables, "SELECT slot FROM effects WHERE thread = 'a' AND turn = 2") == [(waiting["effect"],)]


def test_effects_faults_usage_moves(tables: str) -> None:
    """Effects, faults, what agents took, and what the supervisor did each have their rows."""
    (effect,) = query(tables, f"SELECT * FROM effects {FIRST}")
    assert (effect["name"], effect["status"], effect["decided_by"]) == ("post", "done", "policy")
    assert data(effect["args"]) == {"total": "4"}
    assert data(effect["result"])["key"] == effect["key"]
    assert told(tables, f"SELECT agent, kind, attempt FROM faults {FIRST}") == [("fragile", "error", 1)]
    usage = told(tables, f"SELECT model, input_tokens, output_tokens FROM usage {FIRST} AND agent = 'first'")
    assert ("small", 10, 2) in usage
    moves = query(tables, f"SELECT * FROM moves {FIRST} ORDER BY number")
    assert [(move["kind"], move["outcome"]) for move in moves] == [
        ("dispatch", None),
        ("ask", None),
        ("dispatch", None),
        ("execute", None),
        ("finish", "settled"),
    ]
    assert set(data(moves[0]["agents"])) == {"first", "fragile", "last", "listener"}
    assert data(moves[1]["fields"]) == ["total"]
    assert data(moves[3]["effects"]) == [effect["slot"]]


def test_views(tables: str) -> None:
    """What waits, what people overrode, what agents took, and how often they agreed, are views."""
    assert told(tables, "SELECT thread, turn, kind FROM open_reviews") == [("a", 2, "effect")]
    assert told(tables, "SELECT thread, field, voted_value, value, reviewer FROM overridden_decisions") == [
        ("a", "total", "1", "4", "ann")
    ]
    (first,) = query(tables, "SELECT * FROM usage_by_agent WHERE agent = 'first' AND model = 'small'")
    assert (first["runs"], first["input_tokens"], first["output_tokens"]) == (3, 30, 6)
    agreement = told(
        tables,
        "SELECT agent, decisions, agreed, agreement, by_person FROM agreement_by_agent"
        " WHERE field = 'total' ORDER BY 1",
    )
    assert agreement == [("first", 3, 2, pytest.approx(2 / 3), 1), ("last", 3, 2, pytest.approx(2 / 3), 1)]


def test_columns_are_described(tables: str) -> None:
    """The database itself says what each column means, and in which unit it is."""
    assert told(
        tables,
        "SELECT type, unit, meaning FROM projection_columns WHERE table_name = 'usage' AND column_name = 'seconds'",
    ) == [("real", "seconds", "Wall time of all attempts, without the waits between them.")]
    assert ("open_reviews", "view") in told(tables, "SELECT name, kind FROM projection_tables")
    if tables.startswith("postgres"):
        assert told(tables, "SELECT col_description('usage'::regclass, 11)") == [
            ("Wall time of all attempts, without the waits between them. Unit: seconds.",)
        ]


def test_correction_and_dropped_question(sqlite_url: str) -> None:
    """A correction is a review of its own kind; a question that a newer turn passed over is dropped."""
    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        desk.correct("a", "2")  # posted already: that the other total is posted too, a person must say
        desk.open("a", "4 4")
        project(database)
    reviews = query(sqlite_url, "SELECT * FROM reviews ORDER BY number")
    assert [(row["kind"], row["status"], row["reviewer"]) for row in reviews] == [
        ("correction", "answered", "eve"),
        ("effect", "dropped", None),
    ]
    assert (data(reviews[0]["proposed"]), data(reviews[0]["given"])) == ({"total": "3"}, {"total": "2"})
    assert told(sqlite_url, "SELECT turn, status FROM turns ORDER BY turn") == [(1, "left"), (2, "settled")]


def test_question_within_an_agent(sqlite_url: str) -> None:
    """What a team that works as an agent asks is a review of the team that it works in."""
    inner = Supervisor("inner", request=Slip, outcome=Total, agents=[first, last])
    outer = Supervisor("outer", request=Slip, outcome=Total, agents=[inner.as_agent()])
    config: RunnableConfig = {"configurable": {"thread_id": "a"}}
    with open_database(sqlite_url) as database, database.saver() as saver:
        graph = outer.compile(checkpointer=saver)
        given: Any = {"request": {"text": "1 2"}}
        state = graph.invoke(given, config)
        project(database)
        assert told(sqlite_url, "SELECT thread, kind, reason FROM open_reviews") == [
            ("a", "agent", "total: confidence 0.545 is below 0.75; last claims 2; without last, 1 would be settled")
        ]
        answer = {"decisions": [{"type": "approve"}], "reviewer": "ann"}
        graph.invoke(Command(resume={state["__interrupt__"][0].id: answer}), config)
        project(database)
    assert told(sqlite_url, "SELECT kind, status, verdict FROM reviews") == [("agent", "answered", None)]
    assert told(sqlite_url, "SELECT agent, person FROM claims") == [("inner", "ann")]


def test_stopped_at_the_entry(sqlite_url: str) -> None:
    """A turn whose input was not taken in yet is unfinished and without records; the one before is as it ended."""
    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        desk.open("a", "4 4", stop_before="intake")
        project(database)
        before = told(sqlite_url, "SELECT turn, status, request FROM turns ORDER BY turn")
        claims = told(sqlite_url, "SELECT DISTINCT turn FROM claims")
        desk.go_on("a")
        project(database)
    assert before == [(1, "settled", '{"text":"3 3"}'), (2, "unfinished", None)]
    assert claims == [(1,)]
    assert told(sqlite_url, "SELECT turn, status FROM turns ORDER BY turn") == [(1, "settled"), (2, "settled")]


def test_strange_text(urls: tuple[str, str | None]) -> None:
    """A NUL in a request, which Postgres does not store, becomes a replacement character."""
    source, to = urls
    with till(source) as (database, desk):
        desk.open("a", "3 \0 3")
        project(database, to=to)
    (row,) = query(to or source, "SELECT request FROM turns")
    assert data(row["request"]) == {"text": "3 \ufffd 3"}


def test_strange_thread(urls: tuple[str, str | None]) -> None:
    """Whatever the ids of threads are, each has its own rows, and only what has gone on is projected again."""
    source, to = urls
    names = ["", "a\0", "a\\u0000", "a\ufffd", "C:\\desk", "\U0001f9fe"]
    with till(source) as (database, desk):
        for name in names:
            desk.run_other(name)
        assert project(database, to=to).changed == len(names)
        desk.open("", "3 3")
        desk.run_other(names[1])
        assert project(database, to=to).changed == 2
        desk.delete(names[1])
        assert project(database, to=to).removed == 1
    found = {row["thread"] for row in query(to or source, "SELECT thread FROM threads")}
    assert found == {"", "a\\\\u0000", "a\ufffd", "C:\\desk", "\U0001f9fe"}


def test_empty_database(urls: tuple[str, str | None]) -> None:
    """Of a database without threads the tables are there, and empty."""
    source, to = urls
    with open_database(source) as database:
        assert project(database, to=to) == Projected(0, 0, 0, 0)
    assert not any(all_rows(to or source).values())


def test_sqlite_shell(sqlite_till: str) -> None:
    """Python's own sqlite3 is enough to ask questions, JSON columns included."""
    with closing(sqlite3.connect(Path(sqlite_till.removeprefix("sqlite:///")))) as connection:
        found = connection.execute(
            "SELECT request ->> 'text', round(julianday(updated_at) - julianday(opened_at), 1) FROM turns"
        ).fetchall()
    assert found == [("3 3", 0.0)]


@pytest.fixture
def sqlite_till(sqlite_url: str) -> str:
    """The URL of a SQLite file with one projected thread."""
    with till(sqlite_url) as (database, desk):
        desk.open("a", "3 3")
        project(database)
    return sqlite_url
