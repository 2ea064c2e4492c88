from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Any

import ormsgpack
import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from quorate.checkpoints import Keep, Retention, open_database
from quorate.checkpoints.log.envelope import unwrap, wrap
from quorate.contracts import InputError

SECRET = "QUORATE_TEST_SECRET"


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    parts: Annotated[dict[str, int], lambda old, new: {**old, **new}]
    answer: dict[str, Any]


def desk(saver: BaseCheckpointSaver[str]) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Two nodes side by side, then a question to a person."""

    def left(state: State) -> State:
        return {"parts": {"left": 1}, "messages": [AIMessage("left", id="l")]}

    def right(state: State) -> State:
        return {"parts": {"right": 2}}

    def ask(state: State) -> State:
        answer: dict[str, Any] = interrupt({"total": sum(state["parts"].values())})
        return {"answer": answer}

    builder = StateGraph(State)
    for name, node in (("left", left), ("right", right), ("ask", ask)):
        builder.add_node(name, node)
    builder.add_edge(START, "left").add_edge(START, "right")
    builder.add_edge(["left", "right"], "ask").add_edge("ask", END)
    return builder.compile(checkpointer=saver)


def thread(name: str) -> RunnableConfig:
    return {"configurable": {"thread_id": name}}


INPUT: State = {"messages": [HumanMessage("hello", id="h")]}
ANSWERED = {
    "messages": [HumanMessage("hello", id="h"), AIMessage("left", id="l")],
    "parts": {"left": 1, "right": 2},
    "answer": {"total": 3},
}


def test_interrupted_run_is_resumed_by_another_handle(database_url: str) -> None:
    """A run that waits for a person goes on in a new handle, with all that it had; messages are still messages."""
    with open_database(database_url) as database, database.saver() as saver:
        question = desk(saver).invoke(INPUT, thread("t"))["__interrupt__"][0]
        assert question.value == {"total": 3}
    with open_database(database_url) as database, database.saver() as saver:
        graph = desk(saver)
        assert graph.get_state(thread("t")).tasks[0].interrupts == (question,)
        assert graph.invoke(Command(resume={question.id: {"total": 3}}), thread("t")) == ANSWERED
        assert not graph.get_state(thread("t")).tasks


async def test_async_run_is_resumed_by_another_handle(database_url: str) -> None:
    """The same holds with the async saver."""
    with open_database(database_url) as database:
        async with database.asaver() as saver:
            question = (await desk(saver).ainvoke(INPUT, thread("t")))["__interrupt__"][0]
    with open_database(database_url) as database:
        async with database.asaver() as saver:
            graph = desk(saver)
            assert (await graph.aget_state(thread("t"))).tasks[0].interrupts == (question,)
            assert await graph.ainvoke(Command(resume={question.id: {"total": 3}}), thread("t")) == ANSWERED


async def test_sync_run_is_resumed_by_the_async_saver(database_url: str) -> None:
    """Both savers of a handle see one truth, and may be open together."""
    with open_database(database_url) as database, database.saver() as saver:
        question = desk(saver).invoke(INPUT, thread("t"))["__interrupt__"][0]
        async with database.asaver() as asaver:
            answer: Command[Any] = Command(resume={question.id: {"total": 3}})
            assert await desk(asaver).ainvoke(answer, thread("t")) == ANSWERED
        assert desk(saver).get_state(thread("t")).values == ANSWERED


async def test_many_runs_at_once(database_url: str) -> None:
    """Sixteen runs on threads of their own share one async saver, and each is complete."""
    names = [f"t{number}" for number in range(16)]
    with open_database(database_url) as database:
        async with database.asaver() as saver:
            graph = desk(saver)
            results = await asyncio.gather(*(graph.ainvoke(INPUT, thread(name)) for name in names))
            questions = [result["__interrupt__"][0] for result in results]
            answers = await asyncio.gather(
                *(
                    graph.ainvoke(Command(resume={question.id: {"total": 3}}), thread(name))
                    for name, question in zip(names, questions, strict=True)
                )
            )
        assert answers == [ANSWERED] * 16
        assert {found.id for found in database.threads()} == set(names)


async def test_ledger_beside_a_running_saver(database_url: str) -> None:
    """Nodes may use the ledger and a table while other runs write checkpoints."""
    with open_database(database_url) as database:
        table = database.table("receipts")

        def post(state: State, config: RunnableConfig) -> State:
            key = config["configurable"]["thread_id"]
            assert database.ledger.begin(key, name="post", thread=key, digest="d", args={}) is None
            row = table.execute(key, {"greeting": state["messages"][0].text})
            database.ledger.finish(key, result=row)
            return {"answer": row}

        builder = StateGraph(State).add_node("post", post).add_edge(START, "post")
        async with database.asaver() as saver:
            graph = builder.compile(checkpointer=saver)
            results = await asyncio.gather(*(graph.ainvoke(INPUT, thread(f"t{number}")) for number in range(16)))
        assert [result["answer"] for result in results] == [
            {"key": f"t{number}", "greeting": "hello"} for number in range(16)
        ]
        assert len(table) == 16


def test_threads_newest_first(database_url: str) -> None:
    """Threads are listed by their newest checkpoint, with its time in UTC."""
    before = datetime.now(UTC).replace(microsecond=0)
    with open_database(database_url) as database, database.saver() as saver:
        graph = desk(saver)
        for name in ("a", "b", "a", "c"):
            graph.invoke(INPUT, thread(name))
        found = database.threads()
        assert [one.id for one in found] == ["c", "a", "b"]
        assert [one.id for one in database.threads(limit=2)] == ["c", "a"]
        assert all(one.updated is not None and before <= one.updated <= datetime.now(UTC) for one in found)


def test_time_of_a_thread_is_that_of_its_checkpoint(database_url: str) -> None:
    """The listed time is the one that the checkpoint itself holds, to a second."""
    with open_database(database_url) as database, database.saver() as saver:
        desk(saver).invoke(INPUT, thread("t"))
        newest = saver.get_tuple(thread("t"))
        assert newest is not None
        listed = database.threads()[0].updated
        assert listed is not None
        assert abs((listed - datetime.fromisoformat(newest.checkpoint["ts"])).total_seconds()) < 1


CALL = ormsgpack.Ext(0, ormsgpack.packb(("os", "getenv", SECRET)))


def change(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Do a statement to a database behind quorate's back; its rows."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
            return connection.execute(statement, values).fetchall()
    import psycopg

    with psycopg.connect(url) as server:
        found = server.execute(statement.replace("?", "%s").encode(), values)
        return found.fetchall() if found.description else []


def _craft(url: str) -> None:
    """Put a call of os.getenv in place of the answer of the newest checkpoint."""
    ((seq, payload),) = change(url, "SELECT seq, payload FROM quorate_checkpoints ORDER BY seq DESC LIMIT 1")
    *content, own = ormsgpack.unpackb(unwrap(payload, "test"), ext_hook=ormsgpack.Ext)
    assert "answer" in own
    crafted = wrap(ormsgpack.packb([*content, {**own, "answer": ormsgpack.packb(CALL)}]))
    change(url, "UPDATE quorate_checkpoints SET payload = ? WHERE seq = ?", crafted, seq)


async def test_crafted_checkpoint_calls_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint into which somebody wrote a call of os.getenv loads as data, in both savers."""
    monkeypatch.setenv(SECRET, "leaked")
    with open_database(database_url) as database, database.saver() as saver:
        graph = desk(saver)
        question = graph.invoke(INPUT, thread("t"))["__interrupt__"][0]
        graph.invoke(Command(resume={question.id: {"total": 3}}), thread("t"))
        _craft(database_url)
        assert graph.get_state(thread("t")).values["answer"] == SECRET
        async with database.asaver() as asaver:
            assert (await desk(asaver).aget_state(thread("t"))).values["answer"] == SECRET


def test_crafted_write_calls_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a pending write into which somebody wrote one."""
    monkeypatch.setenv(SECRET, "leaked")
    crafted = wrap(ormsgpack.packb(["", [[0, "parts", CALL]]]))
    with open_database(database_url) as database, database.saver() as saver:
        desk(saver).invoke(INPUT, thread("t"))
        change(database_url, "UPDATE quorate_writes SET payload = ?", crafted)
        writes = [
            value
            for found in saver.list(thread("t"))
            for _, channel, value in found.pending_writes or []
            if channel == "parts"
        ]
    assert writes
    assert set(writes) == {SECRET}


def test_config_without_a_thread(sqlite_url: str) -> None:
    """A config that names no thread is refused with what to write, whatever is asked."""
    with open_database(sqlite_url) as database, database.saver() as saver:
        for ask in (
            lambda: saver.get_tuple({}),
            lambda: saver.put({}, empty_checkpoint(), {}, {}),
            lambda: saver.put_writes({}, [], "task"),
        ):
            with pytest.raises(InputError, match="no thread_id"):
                ask()


async def test_id_that_is_no_text(database_url: str) -> None:
    """A thread's id with half of a surrogate pair is refused by name, wherever it comes in; a NUL is not."""
    half = thread("half \ud83d")
    with open_database(database_url) as database, database.saver() as saver:
        graph = desk(saver)
        retention = Retention(database)
        for work in (
            lambda: graph.invoke(INPUT, half),
            lambda: graph.get_state(half),
            lambda: list(saver.list(half)),
            lambda: saver.delete_thread("half \ud83d"),
            lambda: retention.copy("whole \0", "half \ud83d"),
            lambda: retention.prune(["half \ud83d"], Keep("none")),
            lambda: retention.delete("half \ud83d"),
            lambda: list(retention.export("half \ud83d")),
        ):
            graph.invoke(INPUT, thread("whole \0"))
            with pytest.raises(InputError, match=r"half .ud83d"):
                work()
        assert [each.id for each in database.threads()] == ["whole \0"]
        async with database.asaver() as asynchronous:
            with pytest.raises(InputError, match=r"half .ud83d"):
                await desk(asynchronous).ainvoke(INPUT, half)
