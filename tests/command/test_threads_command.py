"""`quorate threads`: what the database holds, newest first."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from tests.command.desk import Desk
from typing_extensions import TypedDict

from quorate.checkpoints import open_database
from quorate.command.item import thread_id


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
        (
            "waiting",
            "total: confidence 0.545 is below 0.75; largest claims 20.00; without largest, 12.00 would be settled",
        ),
        ("settled", "all 3 goals are settled"),
    ]
    assert lines[0]["graph"] == "desk"
    assert lines[0]["input"] == "note-0.txt"
    assert lines[0]["waits"][0]["proposed"] == {"total": "12.00"}
    out = filled("threads", status=0).out
    assert "2 threads in sqlite:///quorate.db" in out
    assert out.index("waiting") < out.index("settled")


def test_damaged_thread(filled: Desk) -> None:
    """A thread that cannot be read is named at last, and keeps no other from the list, nor from a review."""
    with closing(sqlite3.connect(filled.folder / "quorate.db")) as connection, connection:
        sql = "SELECT thread, head FROM quorate_threads ORDER BY head LIMIT 1"
        ((thread, head),) = connection.execute(sql).fetchall()
        connection.execute("UPDATE quorate_checkpoints SET payload = x'02' WHERE seq = ?", (head,))
    listed = filled("threads", "--json", status=2)
    assert [line["status"] for line in listed.lines] == ["waiting"]
    assert thread in listed.err
    reviewed = filled("review", "--json", status=0)
    assert len(reviewed.lines) == 1
    assert not reviewed.err  # a review reads what waits, and no other


def test_damaged_thread_that_waits(filled: Desk) -> None:
    """A thread that waits, and cannot be read, is named by a review."""
    with closing(sqlite3.connect(filled.folder / "quorate.db")) as connection, connection:
        sql = "SELECT thread, head FROM quorate_threads ORDER BY head DESC LIMIT 1"
        ((thread, head),) = connection.execute(sql).fetchall()
        connection.execute("UPDATE quorate_checkpoints SET payload = x'02' WHERE seq = ?", (head,))
    reviewed = filled("review", "--json", status=0)
    assert not reviewed.lines
    assert thread in reviewed.err


def test_thread_whose_row_cannot_be_opened(filled: Desk) -> None:
    """A thread whose id cannot be opened is named by its line, and the others are listed, shown and pruned."""
    pytest.importorskip("cryptography", reason="the extra security is not installed")
    (filled.environment["QUORATE_KEYS"],) = filled("keys", "new", status=0).out.split()
    filled("keys", "rotate", "--encrypt", status=0)
    with closing(sqlite3.connect(filled.folder / "quorate.db")) as connection, connection:
        ((line,),) = connection.execute("SELECT line FROM quorate_threads ORDER BY head LIMIT 1").fetchall()
        connection.execute("UPDATE quorate_threads SET sealed = CAST(sealed || x'00' AS BLOB) WHERE line = ?", (line,))
    listed = filled("threads", "--json", status=2)
    assert [each["status"] for each in listed.lines] == ["waiting"]
    named = f"line {line}, the id of its thread"
    assert named in listed.err
    thread = listed.lines[0]["thread"]
    filled("show", thread, status=0)
    assert named in filled("show", "of another", status=2).err
    filled("prune", thread, "--keep", "latest", "--yes", status=0)
    pruned = filled("prune", "--keep", "latest", "--yes", status=2)
    assert "nothing to remove" in pruned.out
    assert named in pruned.err


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


class Game(TypedDict):
    turn: str
    moves: list[str]


def play(desk: Desk, *threads: str, **stop: Any) -> None:
    """Run a graph that is no team of quorate, and calls its channels as a team does."""
    builder = StateGraph(Game)
    builder.add_node("open", lambda state: {"moves": ["e4"], "turn": "black"})
    builder.add_edge(START, "open")
    with open_database(f"sqlite:///{desk.folder / 'quorate.db'}") as database, database.saver() as saver:
        graph = builder.compile(checkpointer=saver, **stop)
        for thread in threads:
            graph.invoke({"turn": "white", "moves": []}, {"configurable": {"thread_id": thread}})


def test_thread_of_no_team(filled: Desk) -> None:
    """A thread of a graph that is no team is listed as what it is, with its state, and not as a damaged one."""
    play(filled, "game")
    play(filled, "stopped", interrupt_before=["open"])
    found = {line["thread"]: line for line in filled("threads", "--json", status=0).lines}
    assert (found["game"]["status"], found["game"]["reason"]) == ("other", "of a graph that is no team of quorate")
    assert found["stopped"]["status"] == "unfinished"
    assert [line["thread"] for line in filled("threads", "--status", "other", "--json", status=0).lines] == ["game"]
    assert filled("show", "game", "--json", status=0).lines[0]["moves"] == ["e4"]
    out = filled("show", "game", status=0).out
    assert "of a graph that is no team of quorate" in out
    assert "Its state: quorate show game --json" in out


def test_strange_ids(desk: Desk) -> None:
    """A long id does not flood a table, and one with line ends stands on one line; into a pipe no line is filled up."""
    play(desk, "long" * 100, "two\nlines")
    url = f"sqlite:///{desk.folder / 'quorate.db'}"
    out = desk("threads", status=0).out
    assert max(map(len, out.splitlines())) <= 100
    assert len(out.splitlines()) < 8
    assert r"two\nlines" in out
    assert desk("show", "two", status=0).out.startswith(r"two\nlines  other  turn 0")
    ended = desk("show", "none", "--db", url, status=2)
    assert f"look it up: quorate threads --db {url}" in " ".join(ended.err.split())
    assert all(line == line.rstrip() for line in (out + ended.err).splitlines())


def test_question_of_no_team(desk: Desk) -> None:
    """What a graph that is no team asks is listed with how to answer it, which the command cannot."""
    builder = StateGraph(Game)
    builder.add_node("ask", lambda state: {"turn": interrupt("resign?")})
    builder.add_edge(START, "ask")
    with open_database(f"sqlite:///{desk.folder / 'quorate.db'}") as database, database.saver() as saver:
        builder.compile(checkpointer=saver).invoke({"moves": []}, {"configurable": {"thread_id": "game"}})
    out = " ".join(desk("review", status=0).out.split())
    assert "resign?" in out
    assert "graph.invoke(Command(resume={id: …}), config) in Python" in out
    assert "quorate review game" not in out
    assert "quorate review game" not in desk("show", "game", status=0).out
    assert "answer it in Python" in " ".join(desk("review", "game", "--approve", status=2).err.split())


def test_thread_of_no_team_is_kept(desk: Desk) -> None:
    """A request whose thread another graph has is not run on it."""
    desk.write("a.txt", "PETRONAS\n")
    play(desk, thread_id("a", b"PETRONAS\n"))
    (line,) = desk("run", "desk", "a.txt", "--json", status=1).lines
    assert (line["status"], line["reason"], line["ran"]) == ("failed", "of a graph that is no team of quorate", False)
    assert line["fix"] == "use another database: --db sqlite:///other.db"


def test_no_database(desk: Desk) -> None:
    """Looking where there is no database is an error, and makes none."""
    ended = desk("threads", status=2)
    assert ended.err.startswith("error: sqlite:///quorate.db\n")
    assert "no file" in ended.err
    ended = desk("threads", "--db", f"sqlite:///{'long' * 100}.db", status=2)
    assert "File name too long" in ended.err
    assert not (desk.folder / "quorate.db").exists()
