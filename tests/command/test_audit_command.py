"""`quorate audit`: proving what is stored, and exporting what proves it later."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from tests.command.desk import Desk


@pytest.fixture
def filled(desk: Desk) -> Desk:
    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", status=0)
    desk.waiting()
    return desk


def sql(desk: Desk, statement: str) -> None:
    with closing(sqlite3.connect(desk.folder / "quorate.db")) as connection, connection:
        connection.execute(statement)


def thread_of(desk: Desk, status: str) -> str:
    (line,) = desk("threads", "--status", status, "--json", status=0).lines
    return str(line["thread"])


def test_nothing_is_wrong(filled: Desk) -> None:
    """A database that nobody touched is proved: exit status 0, and how much was read."""
    out = filled("audit", "verify", status=0).out
    assert "2 threads: nothing is wrong; sqlite:///quorate.db" in out
    assert not filled("audit", "verify", "--json", status=0).out
    settled = thread_of(filled, "settled")
    assert "1 thread: nothing is wrong" in filled("audit", "verify", settled[:4], status=0).out


def test_a_change_is_named(filled: Desk) -> None:
    """A row that was changed is named with its thread, its checkpoint and its place: exit status 1."""
    settled = thread_of(filled, "settled")
    sql(filled, "UPDATE quorate_checkpoints SET payload = CAST(payload || X'00' AS BLOB) WHERE seq = 5 OR seq = 6")
    sql(filled, "UPDATE quorate_writes SET payload = CAST(payload || X'00' AS BLOB) WHERE seq = 5 OR seq = 6")
    ended = filled("audit", "verify", status=1)
    assert f"thread {settled}" in ended.out
    assert "place 5" in ended.out
    assert "unreadable" in ended.out
    lines = filled("audit", "verify", "--json", status=1).lines
    assert {line["thread"] for line in lines} == {settled}
    assert {"kind", "thread", "namespace", "checkpoint", "task", "place", "what"} == set(lines[0])


def test_what_is_gone_is_found_by_the_heads(filled: Desk) -> None:
    """A thread that is gone is found with the heads that were exported, and only with them."""
    filled.write("heads.json", filled("audit", "export", status=0).out)
    assert "nothing is wrong" in filled("audit", "verify", "--heads", "heads.json", status=0).out
    settled = thread_of(filled, "settled")
    for table in ("quorate_checkpoints", "quorate_writes", "quorate_threads"):
        sql(filled, f"DELETE FROM {table} WHERE line = 1")
    filled("audit", "verify", status=0)
    ended = filled("audit", "verify", "--heads", "heads.json", status=1)
    assert f"thread {settled}" in ended.out
    assert "and is gone" in ended.out
    assert "signed by nobody" in ended.err
    assert "and is gone" in filled("audit", "verify", settled[:4], "--heads", "heads.json", status=1).out


def test_signed_heads(filled: Desk) -> None:
    """Heads are signed with a key of one's own, and refused under another or after a change."""
    pytest.importorskip("cryptography", reason="the extra security is not installed")
    for name in ("ours", "theirs"):
        filled("audit", "keygen", name, status=0)
    assert stat.S_IMODE((filled.folder / "ours").stat().st_mode) == 0o600
    ended = filled("audit", "export", "--key", "ours", status=0)
    assert "2 threads of sqlite:///quorate.db, signed by " in ended.err
    filled.write("heads.json", ended.out)
    verify = ("audit", "verify", "--heads", "heads.json")
    filled(*verify, "--public-key", "ours.pub", status=0)
    filled(*verify, status=0)
    assert "pass --public-key" in filled(*verify, status=0).err
    filled(*verify, "--public-key", "theirs.pub", status=2)
    document = json.loads(ended.out)
    document["heads"][0]["events"] += 1
    filled.write("heads.json", json.dumps(document, sort_keys=True, separators=(",", ":")))
    assert "a signature that is not of this content" in filled(*verify, status=2).err
    filled.write("heads.json", "{}")
    assert filled(*verify, status=2).err.startswith("error: heads heads.json\n")


def test_a_key_is_not_overwritten(desk: Desk) -> None:
    """A key that is there stays, and so does a public key beside which there is none."""
    pytest.importorskip("cryptography", reason="the extra security is not installed")
    desk("audit", "keygen", "key", status=0)
    before = (desk.folder / "key").read_text()
    assert "a key that is there is not overwritten" in desk("audit", "keygen", "key", status=2).err
    assert (desk.folder / "key").read_text() == before
    desk.write("other.pub", "mine")
    desk("audit", "keygen", "other", status=2)
    assert not Path(desk.folder, "other").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "nobody"),
        ("verify", "--heads", "none.json"),
        ("verify", "--public-key", "x"),
        ("export", "--key", "x"),
    ],
)
def test_wrong_calls(filled: Desk, arguments: tuple[str, ...]) -> None:
    """What cannot be checked, or signed, ends with 2."""
    filled("audit", *arguments, status=2)


def test_no_database(desk: Desk) -> None:
    """An audit of what is not there is an error, and makes no database."""
    desk("audit", "verify", status=2)
    assert not (desk.folder / "quorate.db").exists()
