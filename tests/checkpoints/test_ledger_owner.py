"""Who is at work on an effect: told by locks that end with the process, also by those that only look."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.fakes.older_database import make_schema_1
from tests.fakes.stock_savers import sync_stock_saver
from tests.fakes.zygote import Zygote, until_there

from quorate.checkpoints import MemoryLedger, open_database
from quorate.checkpoints.effects.owner import NOBODY, is_running, this_process
from quorate.contracts import Entry, Ledger


def begin(ledger: Ledger, key: str = "k", thread: str = "t") -> Entry | None:
    return ledger.begin(key, name="post", thread=thread, digest="d", args={"total": 5})


def alive(ledger: Ledger, key: str = "k") -> bool | None:
    entry = begin(ledger, key, "other")
    assert entry is not None
    assert entry.status == "executing"
    return entry.alive


def test_this_process() -> None:
    """A process is running while it is, and not under another start, another number or another machine."""
    mine = this_process()
    assert is_running(mine)
    node, boot, space, process, start = json.loads(mine)
    assert is_running(json.dumps([node, boot, space, process, f"{start}0"])) is not bool(start)
    assert is_running(json.dumps([node, boot, space, 2**22 + 1, start])) is False
    assert is_running(json.dumps([f"{node}x", boot, space, process, start])) is None
    for text in ("", NOBODY, "{}", "7"):
        assert is_running(text) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here")
def test_dead_process(zygote: Zygote, tmp_path: Path) -> None:
    """A killed process is not running, also before anybody has waited for it."""
    child = zygote.start("take_and_stand", str(tmp_path / "lock"), str(tmp_path / "said"), 1)
    node, boot, space, _, _ = json.loads(this_process())
    start = Path(f"/proc/{child}/stat")
    if not start.exists():
        pytest.skip("the system does not tell when a process started")
    owner = json.dumps([node, boot, space, child, start.read_text().rpartition(")")[2].split()[19]])
    assert is_running(owner)
    os.kill(child, 9)
    while "Z" not in start.read_text().rpartition(")")[2].split()[0]:
        pass
    assert is_running(owner) is False
    zygote.wait(child)
    assert is_running(owner) is False


def test_alive_until_it_ends(database_url: str) -> None:
    """Who holds a key is alive, for another handle of the process too; one that lets go hands it on, to one alone."""
    with open_database(database_url) as one, open_database(database_url) as two:
        assert begin(one.ledger) is None
        assert [alive(one.ledger), alive(two.ledger)] == [True, True]
        one.ledger.release("k")
        assert [alive(two.ledger), alive(one.ledger)] == [False, True]
        two.ledger.abandon("k")
        assert begin(one.ledger) is None
        one.ledger.finish("k", result=1)
        assert begin(two.ledger) == Entry("k", "done", "t", "d", 1)


def test_release_of_what_is_not_held(database_url: str) -> None:
    """To release a key that another one holds, or nobody, changes nothing."""
    with open_database(database_url) as one, open_database(database_url) as two:
        begin(one.ledger)
        two.ledger.release("k")
        two.ledger.release("nothing")
        assert alive(two.ledger) is True


def test_closed_database_lets_go(database_url: str) -> None:
    """A handle that is closed is not at work any more."""
    with open_database(database_url) as one:
        begin(one.ledger)
    with open_database(database_url) as two:
        assert alive(two.ledger) is False


def test_killed_process_is_recognised_at_once(zygote: Zygote, database_url: str, tmp_path: Path) -> None:
    """While a process is at it, it is alive; once it is killed its key is handed on to the first that asks."""
    child = zygote.start("begin_and_wait", database_url, str(tmp_path / "said"))
    until_there(tmp_path / "said")
    with open_database(database_url) as one, open_database(database_url) as two:
        assert alive(one.ledger) is True
        zygote.kill(child)
        until = time.monotonic() + 60
        while alive(one.ledger):  # a server notices in a moment that its client is gone
            assert time.monotonic() < until
        assert alive(two.ledger) is True


def test_memory() -> None:
    """The ledger of one process knows who is at work, too."""
    ledger = MemoryLedger()
    begin(ledger)
    assert alive(ledger) is True
    ledger.release("k")
    assert [alive(ledger), alive(ledger)] == [False, True]


def test_entry_of_an_older_quorate(database_url: str) -> None:
    """An entry without an owner may be of a process that holds nothing: it is not known whether it is alive."""
    with open_database(database_url) as database:
        begin(database.ledger)
        database.ledger.release("k")
        statement = "UPDATE effects_ledger SET owner = ''"
        if database_url.startswith("sqlite"):
            with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as file, file:
                file.execute(statement)
        else:
            import psycopg

            with psycopg.connect(database_url) as server:
                server.execute(statement)
        assert [alive(database.ledger), alive(database.ledger)] == [None, None]


def test_table_of_an_older_quorate(database_url: str) -> None:
    """A ledger from before owners opens, gets the column, and goes on."""
    open_database(database_url).close()
    statement = "ALTER TABLE effects_ledger DROP COLUMN owner"
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as file, file:
            file.execute(statement)
    else:
        import psycopg

        with psycopg.connect(database_url) as server:
            server.execute(statement)
    with open_database(database_url) as database:
        assert begin(database.ledger) is None
        assert alive(database.ledger) is True


def test_database_of_schema_1(database_url: str) -> None:
    """The ledger of a database of schema 1 is read as it was."""
    with sync_stock_saver(database_url):
        make_schema_1(database_url)
    with open_database(database_url) as database:
        assert database.ledger.entry("k") == Entry("k", "done", "t", "d", 7)
