from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.zygote import Zygote, until_there

from quorate.checkpoints import MemoryLedger, open_database
from quorate.contracts import Effect, Entry, InputError, Ledger, LedgerError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A new ledger of each kind."""
    if request.param == "memory":
        yield MemoryLedger()
        return
    name = "sqlite_url" if request.param == "sqlite" else "empty_postgres_url"
    with open_database(request.getfixturevalue(name)) as database:
        yield database.ledger


def _begin(ledger: Ledger, key: str = "k", thread: str = "t", **args: Any) -> Entry | None:
    return ledger.begin(key, name="post", thread=thread, digest="d", args=args)


def test_first_begin_claims_the_key(ledger: Ledger) -> None:
    """The first to begin a key gets None, which means: execute."""
    assert _begin(ledger) is None
    assert ledger.entry("k") == Entry("k", "executing", "t", "d")


def test_second_begin_gets_the_first(ledger: Ledger) -> None:
    """The second to begin a key gets the first one's entry, whatever its own thread and digest."""
    _begin(ledger)
    second = ledger.begin("k", name="post", thread="other", digest="other", args={"total": 6})
    assert second == Entry("k", "executing", "t", "d")


@pytest.mark.parametrize("thread", ["nul \0", "back\\slash \\u0000", "\U0001f9fe", ""])
def test_any_id_of_a_thread(ledger: Ledger, thread: str) -> None:
    """An effect of a thread whose id has a NUL, or whatever text, is begun, done and found as any other."""
    assert _begin(ledger, f"key of {thread}", thread) is None
    ledger.finish(f"key of {thread}", result=1)
    assert ledger.entry(f"key of {thread}") == Entry(f"key of {thread}", "done", thread, "d", 1)
    assert _begin(ledger, f"other of {thread}", thread) is None
    ledger.abandon(f"other of {thread}")
    assert ledger.entry(f"other of {thread}") is None


def test_id_that_is_no_text(database_url: str) -> None:
    """Half of a surrogate pair in a thread's id is refused, as the saver refuses it."""
    with open_database(database_url) as database, pytest.raises(InputError, match="surrogate"):
        _begin(database.ledger, thread="half \ud83d")


def test_finish_records_the_result(ledger: Ledger) -> None:
    """A finished key is done, with the receiver's answer, for everybody who comes later."""
    _begin(ledger)
    ledger.finish("k", result={"id": 7, "lines": [1, "2", None]})
    done = Entry("k", "done", "t", "d", {"id": 7, "lines": [1, "2", None]})
    assert ledger.entry("k") == done
    assert _begin(ledger, thread="later") == done


def test_unknown_key_has_no_entry(ledger: Ledger) -> None:
    """Nothing is known of a key that nobody began."""
    assert ledger.entry("k") is None


def test_abandoned_key_is_free_again(ledger: Ledger) -> None:
    """A released key can be begun again."""
    _begin(ledger)
    ledger.abandon("k")
    assert ledger.entry("k") is None
    assert _begin(ledger, thread="second") is None
    assert ledger.entry("k") == Entry("k", "executing", "second", "d")


def test_abandoning_twice_is_fine(ledger: Ledger) -> None:
    """Releasing a key that nobody holds changes nothing, so that a resumed run may do it again."""
    ledger.abandon("k")
    assert ledger.entry("k") is None


def test_done_key_cannot_be_abandoned(ledger: Ledger) -> None:
    """A done key stays done: its effect would be executed twice otherwise."""
    _begin(ledger)
    ledger.finish("k", result=1)
    with pytest.raises(LedgerError, match="abandon"):
        ledger.abandon("k")
    assert ledger.entry("k") == Entry("k", "done", "t", "d", 1)


def test_finish_without_begin_is_an_error(ledger: Ledger) -> None:
    """The end of an effect that was never begun is an error."""
    with pytest.raises(LedgerError, match="never begun"):
        ledger.finish("k", result=1)
    assert ledger.entry("k") is None


def test_same_result_twice_is_fine(ledger: Ledger) -> None:
    """Recording the same result again changes nothing, so that a resumed run may do it again."""
    _begin(ledger)
    ledger.finish("k", result={"a": 1, "b": 2})
    ledger.finish("k", result={"b": 2, "a": 1})
    assert ledger.entry("k") == Entry("k", "done", "t", "d", {"a": 1, "b": 2})


def test_another_result_is_an_error(ledger: Ledger) -> None:
    """A second, different result is an error, and the first one stays."""
    _begin(ledger)
    ledger.finish("k", result=1)
    with pytest.raises(LedgerError, match="may have happened twice"):
        ledger.finish("k", result=2)
    assert ledger.entry("k") == Entry("k", "done", "t", "d", 1)


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), b"bytes"])
def test_only_json_is_taken(ledger: Ledger, value: Any) -> None:
    """Arguments and results that are not JSON data are errors, and change nothing."""
    with pytest.raises(LedgerError, match="plain JSON data"):
        _begin(ledger, total=value)
    assert _begin(ledger) is None
    with pytest.raises(LedgerError, match="plain JSON data"):
        ledger.finish("k", result=value)
    assert ledger.entry("k") == Entry("k", "executing", "t", "d")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(args=st.dictionaries(st.text(), JSON, max_size=3), result=JSON)
def test_any_json_round_trips(ledger: Ledger, args: dict[str, Any], result: Any) -> None:
    """Every JSON value is taken as arguments and given back as the result, text with NUL included."""
    key = f"key of {os.urandom(8).hex()}"
    assert ledger.begin(key, name="post", thread="t", digest="d", args=args) is None
    ledger.finish(key, result=result)
    entry = ledger.entry(key)
    assert entry is not None
    assert (entry.status, entry.result) == ("done", result)


def test_key_of_an_effect(ledger: Ledger) -> None:
    """The same content has the same key, so that a receipt proposed twice is recognised."""
    first = Effect("post", {"company": "ACME", "total": "5.00"})
    again = Effect("post", {"total": "5.00", "company": "ACME"}, agent="another")
    for effect, expected in ((first, True), (again, False)):
        mine = ledger.begin(effect.key, name=effect.name, thread="t", digest=effect.digest, args=effect.args)
        assert (mine is None) is expected


@pytest.mark.parametrize("act", ["begin", "begin and abandon"])
def test_threads_race_for_keys(ledger: Ledger, act: str) -> None:
    """Of many threads that begin one key together exactly one gets it; abandoned, the next one does."""
    racers, keys = 8, 10
    start = Barrier(racers)

    def race(racer: int) -> list[str]:
        won = []
        for key in map(str, range(keys)):
            start.wait()
            if _begin(ledger, key, thread=str(racer)) is None:
                won.append(key)
                if act != "begin":
                    ledger.abandon(key)
        return won

    with ThreadPoolExecutor(racers) as pool:
        won = sorted(key for keys in pool.map(race, range(racers)) for key in keys)
    if act == "begin":
        assert won == sorted(map(str, range(keys)))
    else:
        assert set(won) == set(map(str, range(keys)))
        assert [ledger.entry(key) for key in won] == [None] * len(won)


def test_processes_race_for_keys(zygote: Zygote, database_url: str, tmp_path: Path) -> None:
    """Of two processes that begin the same keys together, each key goes to exactly one."""
    open_database(database_url).close()
    keys, files = 50, [tmp_path / "a", tmp_path / "b"]
    children = [zygote.start("begin_many", database_url, file.name, str(tmp_path), keys) for file in files]
    until_there(*files)
    (tmp_path / "go").touch()
    assert [zygote.wait(child) for child in children] == [0, 0]
    assert sorted(int(key) for file in files for key in file.read_text().split()) == list(range(keys))


def test_killed_process_leaves_executing(zygote: Zygote, database_url: str, tmp_path: Path) -> None:
    """After a process is killed between begin and finish, the ledger knows the key as begun, and not as done."""
    child = zygote.start("begin_and_wait", database_url, str(tmp_path / "said"))
    until_there(tmp_path / "said")
    zygote.kill(child)
    with closing(open_database(database_url)) as database:
        assert database.ledger.entry("k") == Entry("k", "executing", "t", "d")
        assert _begin(database.ledger, thread="resumed") == Entry("k", "executing", "t", "d")
        database.ledger.finish("k", result="found by asking the receiver")
        entry = database.ledger.entry("k")
        assert entry is not None
        assert entry.status == "done"


def test_ledger_is_readable_by_people(sqlite_url: str) -> None:
    """The table holds the name, the arguments, the result and both times in plain columns."""
    import sqlite3

    with open_database(sqlite_url) as database:
        _begin(database.ledger, total="5.00")
        database.ledger.finish("k", result={"id": 1})
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        row = connection.execute("SELECT name, args, result, begun_at <= done_at FROM effects_ledger").fetchone()
    assert row == ("post", '{"total": "5.00"}', '{"id": 1}', 1)
