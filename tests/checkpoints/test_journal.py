from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.checkpoints.test_schema import run
from tests.fakes.tampering import build

from quorate.checkpoints import Keep, MemoryJournal, Retention, open_database
from quorate.checkpoints.address import Address
from quorate.checkpoints.conversion import open_to_convert
from quorate.checkpoints.database import Database
from quorate.checkpoints.rotation import Rotation
from quorate.checkpoints.sealing.seal import Keyring
from quorate.checkpoints.sqlite.file import SqliteFile
from quorate.checkpoints.sqlite.journal import SqliteJournal
from quorate.contracts import DatabaseError, Journal, JournaledThread, JournalEntry, digest

SECRET = "xyzzy-4711-plugh"
START = datetime(2026, 11, 21, 8, tzinfo=UTC)

Keys = Callable[..., None]


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Sets the keys of the next database that is opened; none where none are given."""
    pytest.importorskip("cryptography", reason="the extra security is not installed")

    def set_keys(*keys: str) -> None:
        monkeypatch.delenv("QUORATE_KEYS", raising=False)
        if keys:
            monkeypatch.setenv("QUORATE_KEYS", ",".join(keys))

    return set_keys


@pytest.fixture(params=["memory", "sqlite_url", "empty_postgres_url"])
def journal(request: pytest.FixtureRequest) -> Iterator[Journal]:
    """A journal of each kind."""
    if request.param == "memory":
        yield MemoryJournal()
        return
    with open_database(request.getfixturevalue(request.param)) as database:
        yield database.journal


def entry(thread: str = "t", seconds: float = 0, **parts: Any) -> JournalEntry:
    asked = {"model": "small", "messages": [{"role": "user", "content": parts.pop("content", "hello")}]}
    at = (START + timedelta(seconds=seconds)).isoformat(timespec="microseconds")
    made = JournalEntry("model", "small", digest(asked), asked, {"text": "hi"}, agent="reader", thread=thread, at=at)
    return replace(made, basis={"total": 2}, usd=0.25, redacted=("api key",), **parts)


def store(journal: Journal, *entries: JournalEntry) -> None:
    for future in [journal.record(lambda each=each: each) for each in entries]:  # type: ignore[misc]
        future.result(30)


def thread(name: str) -> Any:
    return {"configurable": {"thread_id": name}}


def test_entries_come_back(journal: Journal) -> None:
    """The entries of a thread come back as they were, in the order in which they were stored."""
    mine = [entry(order=number, seconds=-number, content=str(number)) for number in range(40)]
    store(journal, *mine, entry("other"))
    assert list(journal.entries("t")) == mine
    assert list(journal.entries("nobody")) == []


def test_threads(journal: Journal) -> None:
    """Threads are listed with how many entries they have and when; those asked last come first."""
    store(journal, entry("a", 1), entry("a", 3), entry("b", 2), entry("c", 9))
    first, second, third = (START + timedelta(seconds=number) for number in (1, 2, 3))
    last = (START + timedelta(seconds=9)).isoformat(timespec="microseconds")
    assert list(journal.threads()) == [
        JournaledThread("c", 1, last, last),
        JournaledThread("a", 2, first.isoformat(timespec="microseconds"), third.isoformat(timespec="microseconds")),
        JournaledThread("b", 1, *[second.isoformat(timespec="microseconds")] * 2),
    ]


def test_remove(journal: Journal) -> None:
    """The entries of a thread are removed, and no others."""
    store(journal, entry("a"), entry("a"), entry("b"))
    assert journal.remove("a") == 2
    assert journal.remove("a") == 0
    assert [each.thread for each in journal.threads()] == ["b"]


def test_an_entry_that_cannot_be_made_fails_alone(journal: Journal) -> None:
    """What goes wrong while an entry is made is told to whoever waits for it, and the others are stored."""

    def fail() -> JournalEntry:
        raise ZeroDivisionError

    futures: list[Future[None]] = [journal.record(entry), journal.record(fail), journal.record(entry)]
    assert [type(each.exception(30)) for each in futures] == [type(None), ZeroDivisionError, type(None)]
    assert len(journal.entries("t")) == 2


def test_an_entry_that_cannot_be_stored_fails_alone(database_url: str) -> None:
    """An entry that the database refuses fails, and those that wait with it are stored."""
    with open_database(database_url) as database:
        held: Future[None] = Future()

        def wait() -> JournalEntry:
            held.result(30)
            return entry()

        bad = replace(entry(), thread="\ud800")
        futures = [database.journal.record(make) for make in (wait, entry, lambda: bad, entry)]
        held.set_result(None)
        failed = [each.exception(30) for each in futures]
        assert [each is None for each in failed] == [True, True, False, True]
        assert len(database.journal.entries("t")) == 3


def test_what_waits_is_stored_when_the_database_closes(database_url: str) -> None:
    """A database that is closed stores what waits, and takes nothing after it."""
    with open_database(database_url) as database:
        journal = database.journal
        futures = [journal.record(entry) for _ in range(300)]
    assert all(each.done() and each.exception() is None for each in futures)
    assert isinstance(journal.record(entry).exception(), DatabaseError)
    with open_database(database_url) as database:
        assert len(database.journal.entries("t")) == 300


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_data_comes_back(sqlite_url: str, data: Any) -> None:
    """Whatever plain data a request holds comes back."""
    with open_database(sqlite_url) as database:
        database.journal.remove("t")
        store(database.journal, replace(entry(), request=data, response=data))
        (found,) = database.journal.entries("t")
        assert (found.request, found.response) == (data, data)


def test_odd_names_of_threads(journal: Journal) -> None:
    """Ids with a NUL, a backslash or nothing in them are told apart."""
    names = ["", "\0", "\\u0000", "t\0", "ü"]
    store(journal, *[entry(name) for name in names])
    assert [len(journal.entries(name)) for name in names] == [1] * 5


def test_an_older_database_gets_the_table(database_url: str) -> None:
    """A database from before there was a journal gets its table when it is opened."""
    with open_database(database_url):
        pass
    run(database_url, "DROP TABLE quorate_journal")
    with open_database(database_url) as database:
        store(database.journal, entry())
        assert len(database.journal.entries("t")) == 1


def test_a_file_without_the_table(tmp_path: Path) -> None:
    """Of an older file, which may only be read, no entries are listed."""
    path = tmp_path / "older.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE quorate_meta (key, value)")
    file = SqliteFile(path, "older.db")
    journal = SqliteJournal(file)
    assert list(journal.threads()) == []
    assert list(journal.entries("t")) == []
    file.close()


# --- encryption ---


def everything(url: str) -> bytes:
    path: Path = Address.parse(url).path
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def test_nothing_is_in_plaintext(database_url: str, keys: Keys) -> None:
    """Neither thread nor request, answer, agent or digest of a sealed entry is in the database."""
    keys(secrets.token_urlsafe(32))
    made = replace(entry(f"{SECRET} thread"), request=SECRET, response=SECRET, agent=SECRET)
    with open_database(database_url) as database:
        store(database.journal, made)
        rows = repr(run(database_url, "SELECT * FROM quorate_journal"))
        assert SECRET not in rows
        assert made.digest not in rows
        assert list(database.journal.entries(made.thread)) == [made]
        assert [each.thread for each in database.journal.threads()] == [made.thread]
        if database_url.startswith("sqlite"):
            assert SECRET.encode() not in everything(database_url)


def test_a_row_that_was_moved_is_refused(sqlite_url: str, keys: Keys) -> None:
    """A sealed entry does not open under another thread's name or another time."""
    keys(secrets.token_urlsafe(32))
    with open_database(sqlite_url) as database:
        store(database.journal, entry("a"), entry("b"))
        run(sqlite_url, "UPDATE quorate_journal SET thread = (SELECT max(thread) FROM quorate_journal)")
        found = []
        for name in ("a", "b"):
            try:
                found.append(len(database.journal.entries(name)))
            except DatabaseError as error:
                found.append("changed" in str(error))
        assert True in found


def test_rotation(database_url: str, keys: Keys) -> None:
    """Under a new key all entries open, secrets keep their marks, and the old key is no longer needed."""
    old, new = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    keys(old)
    with open_database(database_url) as database:
        store(database.journal, *[entry(order=number) for number in range(10)])
        mark = database.journal.mark("hunter2")
        assert mark not in ("", database.journal.mark("hunter3"))
    keys(new, old)
    with open_database(database_url) as database:
        store(database.journal, entry(order=10))
        assert [each.order for each in database.journal.entries("t")] == list(range(11))
        (listed,) = database.journal.threads()
        assert listed.entries == 11
        Rotation(database, rows=4)()
    keys(new)
    with open_database(database_url) as database:
        assert [each.order for each in database.journal.entries("t")] == list(range(11))
        assert database.journal.mark("hunter2") == mark
        assert database.journal.remove("t") == 11


def test_conversion(database_url: str, keys: Keys) -> None:
    """A database is encrypted and decrypted with its journal."""
    key = secrets.token_urlsafe(32)
    with open_database(database_url) as database:
        store(database.journal, entry())
        assert database.journal.mark("hunter2") == ""
    for encrypt in (True, False):
        with open_to_convert(Address.parse(database_url), Keyring.parse(key), encrypt=encrypt) as database:
            Rotation(database)()
        keys(*([key] if encrypt else []))
        with open_database(database_url) as database:
            assert list(database.journal.entries("t")) == [entry()]


def test_a_journal_alone_counts_as_content(database_url: str, keys: Keys) -> None:
    """A database that holds nothing but entries in plaintext is not taken for an empty one to be encrypted."""
    with open_database(database_url) as database:
        store(database.journal, entry())
    keys(secrets.token_urlsafe(32))
    with pytest.raises(DatabaseError):
        open_database(database_url)


# --- retention ---


def fill(database: Database, name: str) -> tuple[Any, ...]:
    """A thread of two turns with an entry for each, and what its graph's checkpoints are then."""
    with database.saver() as saver:
        graph = build().compile(checkpointer=saver)
        for turn in (1, 2):
            graph.invoke({"log": [str(turn)]}, thread(name))
            at = datetime.now(UTC).isoformat(timespec="microseconds")
            store(database.journal, replace(entry(name, turn=turn), at=at))
        return tuple(graph.get_state_history(thread(name)))


@pytest.mark.parametrize("by", ["retention", "saver"])
def test_deleting_a_thread_deletes_its_entries(database_url: str, by: str) -> None:
    """With a thread go its entries, and no other thread's."""
    with open_database(database_url) as database:
        fill(database, "t")
        fill(database, "u")
        if by == "retention":
            Retention(database).delete("t")
        else:
            with database.saver() as saver:
                saver.delete_thread("t")
        assert [len(database.journal.entries(name)) for name in ("t", "u")] == [0, 2]


def test_deleting_a_thread_deletes_its_entries_under_an_older_key(database_url: str, keys: Keys) -> None:
    """Entries go that stand under another key's name than their thread does."""
    old, new = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    keys(old)
    with open_database(database_url) as database:
        fill(database, "t")
    keys(new, old)
    with open_database(database_url) as database:
        store(database.journal, entry())
        Retention(database).delete("t")
        assert list(database.journal.threads()) == []


def test_pruning_removes_what_no_checkpoint_needs(database_url: str) -> None:
    """A prune removes the entries from before the oldest checkpoint that stays; a dry run removes none."""
    with open_database(database_url) as database:
        fill(database, "t")
        retention = Retention(database)
        retention.prune(["t"], Keep("latest"), dry_run=True)
        assert [each.turn for each in database.journal.entries("t")] == [1, 2]
        retention.prune(["t"], Keep("latest"))
        assert [each.turn for each in database.journal.entries("t")] == [2]
        retention.prune(["t"], Keep("none"))
        assert list(database.journal.entries("t")) == []


def test_importing_and_copying_leave_the_journal(database_url: str) -> None:
    """A copy of a thread has no entries of its own."""
    with open_database(database_url) as database:
        fill(database, "t")
        Retention(database).copy("t", "new")
        assert [len(database.journal.entries(name)) for name in ("t", "new")] == [2, 0]
