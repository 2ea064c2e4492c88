"""What a user has put in is nowhere in an encrypted database in plaintext."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from quorate.checkpoints import Database, open_database
from quorate.checkpoints.address import Address
from quorate.checkpoints.audit.audit import Audit
from quorate.contracts import JournalEntry, blob_digest

SECRET = "xyzzy-4711-plugh"
"""Part of whatever the run below puts in: too short, and too rare, to be compressed away."""


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    name: str
    answer: Any


class Inner(TypedDict, total=False):
    name: str


def work(database: Database) -> None:
    """A run with all that a user can put in: ids, messages, values, questions, answers, errors, metadata, updates."""

    def speak(state: State) -> State:
        return {"messages": [AIMessage(f"{SECRET} said", id=f"{SECRET} m")], "name": f"{SECRET} name"}

    def ask(state: State) -> State:
        return {"answer": interrupt({"question": f"{SECRET}?"})}

    def fail(state: State) -> State:
        raise ValueError(f"{SECRET} failed")

    inner = StateGraph(Inner).add_node("deep", lambda state: {"name": f"{SECRET} deep"})
    builder = StateGraph(State).add_node("speak", speak).add_node("ask", ask).add_node("fail", fail)
    builder.add_node("inner", inner.add_edge(START, "deep").compile())
    builder.add_edge(START, "speak").add_edge("speak", "inner").add_edge("inner", "ask")
    builder.add_edge("ask", "fail").add_edge("fail", END)
    config: RunnableConfig = {
        "configurable": {"thread_id": f"{SECRET} thread", "user": f"{SECRET} user"},
        "metadata": {"customer": f"{SECRET} customer", "nested": {"deep": [SECRET]}},
        "tags": [f"{SECRET} tag"],
        "run_name": f"{SECRET} run",
    }
    with database.saver() as saver:
        graph = builder.compile(checkpointer=saver)
        graph.invoke({"messages": [HumanMessage(f"{SECRET} hello")]}, config)
        with pytest.raises(ValueError, match="failed"):
            graph.invoke(Command(resume=f"{SECRET} answer"), config)
        graph.update_state(config, {"name": f"{SECRET} updated"}, as_node="speak")
        saver.copy_thread(f"{SECRET} thread", f"{SECRET} copy")
        saver.delete_thread(f"{SECRET} copy")
    ledger, key = database.ledger, f"{SECRET} key"
    ledger.begin(key, name="pay", thread=f"{SECRET} thread", digest=f"{SECRET} digest", args={SECRET: SECRET})
    ledger.finish(key, result={"receipt": SECRET})
    database.blobs.put(f"{SECRET} blob".encode())
    entry = JournalEntry("model", f"{SECRET} model", f"{SECRET} digest", SECRET, SECRET, thread=f"{SECRET} thread")
    database.journal.record(lambda: entry).result()


def everything(url: str) -> bytes:
    """Every byte of the database's files."""
    path: Path = Address.parse(url).path
    files = list(path.parent.glob(f"{path.name}*"))
    assert any(each.name.endswith("-wal") for each in files) or len(files) == 1
    return b"".join(each.read_bytes() for each in files)


def test_nothing_is_in_plaintext(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is in the file, nor in its write-ahead log while it is open; and all of it comes back."""
    pytest.importorskip("cryptography", reason="the extra security is not installed")
    monkeypatch.setenv("QUORATE_KEYS", secrets.token_urlsafe(32))
    with open_database(sqlite_url) as database:
        work(database)
        assert SECRET.encode() not in everything(sqlite_url)
        assert blob_digest(f"{SECRET} blob".encode()).encode() not in everything(sqlite_url)
        assert [each.id for each in database.threads()] == [f"{SECRET} thread"]
    assert SECRET.encode() not in everything(sqlite_url)
    with open_database(sqlite_url) as database, database.saver() as saver:
        found = saver.get_tuple({"configurable": {"thread_id": f"{SECRET} thread"}})
        assert found is not None
        assert found.checkpoint["channel_values"]["name"] == f"{SECRET} updated"
        assert found.metadata["customer"] == f"{SECRET} customer"  # type: ignore[typeddict-item]
        assert not list(Audit(database.log.store, database.log.sealer))


def test_the_secret_would_be_found(sqlite_url: str) -> None:
    """Without keys the same search finds it: the test above looks in the right place."""
    with open_database(sqlite_url) as database:
        work(database)
    assert everything(sqlite_url).count(SECRET.encode()) > 3


def test_nothing_is_in_plaintext_in_postgres(empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it in any column of any table of a Postgres database."""
    pytest.importorskip("cryptography", reason="the extra security is not installed")
    import psycopg

    monkeypatch.setenv("QUORATE_KEYS", secrets.token_urlsafe(32))
    with open_database(empty_postgres_url) as database:
        work(database)
    with psycopg.connect(empty_postgres_url) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        ]
        assert "quorate_checkpoints" in tables
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'.encode()).fetchall():
                assert SECRET not in repr(row)
