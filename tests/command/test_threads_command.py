"""`quorate threads`: what the database holds, newest first."""

from __future__ import annotations

import pytest
from tests.command.desk import Desk


@pytest.fixture
def filled(desk: Desk) -> Desk:
    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", status=0)
    desk.waiting()
    return desk


def test_list(filled: Desk) -> None:
    """The newest comes first, with its status and what it waits for."""
    lines = filled("threads", "--json", status=0).lines
    assert [(line["status"], line["reason"]) for line in lines] == [
        ("waiting", "total: confidence 0.545 is below 0.75"),
        ("settled", "all 3 goals are settled"),
    ]
    assert lines[0]["graph"] == "desk"
    assert lines[0]["input"] == "note-0.txt"
    assert lines[0]["waits"][0]["proposed"] == {"total": "12.00"}
    out = filled("threads", status=0).out
    assert "2 threads in sqlite:///quorate.db" in out
    assert out.index("waiting") < out.index("settled")


def test_narrow_terminal(filled: Desk) -> None:
    """On a narrow terminal the time is left out, and no status is cut off."""
    filled.environment["COLUMNS"] = "60"
    out = filled("threads", status=0).out
    assert "waiting" in out
    assert "settled" in out
    assert "updated" not in out
    assert all(len(line) <= 60 for line in out.splitlines()[:-1])
    filled.environment["COLUMNS"] = "120"
    assert "updated" in filled("threads", status=0).out


def test_filters(filled: Desk) -> None:
    """`--status` and `--limit` leave threads out, and the last line says so."""
    assert [line["status"] for line in filled("threads", "--status", "waiting", "--json", status=0).lines] == [
        "waiting"
    ]
    out = filled("threads", "--limit", "1", status=0).out
    assert "2 threads in sqlite:///quorate.db, 1 more with a larger --limit" in out
    filled("threads", "--status", "nonsense", status=2)


def test_foreign_thread(filled: Desk) -> None:
    """A thread of another program is listed as unreadable, and does not hide the others."""
    foreign = """
from langgraph.graph import START, StateGraph
from quorate import open_database

builder = StateGraph(dict)
builder.add_node("node", lambda state: {"a": 1})
builder.add_edge(START, "node")
with open_database() as database, database.saver() as saver:
    builder.compile(checkpointer=saver).invoke({}, {"configurable": {"thread_id": "foreign"}})
"""
    filled.write("foreign.py", foreign)
    import subprocess
    import sys

    subprocess.run([sys.executable, "foreign.py"], cwd=filled.folder, env=filled.env, check=True)
    assert {line["thread"]: line["status"] for line in filled("threads", "--json", status=0).lines}["foreign"] == (
        "unreadable"
    )


def test_no_database(desk: Desk) -> None:
    """Looking where there is no database is an error, and makes none."""
    ended = desk("threads", status=2)
    assert ended.err.startswith("error: sqlite:///quorate.db\n")
    assert "no file" in ended.err
    ended = desk("threads", "--db", f"sqlite:///{'long' * 100}.db", status=2)
    assert "File name too long" in ended.err
    assert not (desk.folder / "quorate.db").exists()
