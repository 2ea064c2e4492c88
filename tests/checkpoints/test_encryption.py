from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.tampering import build

from quorate.checkpoints import open_database
from quorate.checkpoints.audit.audit import Audit
from quorate.checkpoints.sealing.encryption import Encryption, admit
from quorate.checkpoints.sealing.seal import Keyring, Plain
from quorate.contracts import DatabaseError

pytest.importorskip("cryptography", reason="the extra security is not installed")

OLD, NEW = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
Keys = Any


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Sets the keys of the next database that is opened; none where none are given."""

    def set_keys(*keys: str) -> None:
        if keys:
            monkeypatch.setenv("QUORATE_KEYS", ",".join(keys))
        else:
            monkeypatch.delenv("QUORATE_KEYS", raising=False)

    return set_keys


def run(url: str) -> None:
    with open_database(url) as database, database.saver() as saver:
        build().compile(checkpointer=saver).invoke({"log": ["in"]}, {"configurable": {"thread_id": "t"}})


def remembered(url: str) -> str | None:
    with open_database(url) as database, database.log.store.reading() as reader:
        return reader.setting("encryption")


def test_an_encrypted_database_without_keys(database_url: str, keys: Keys) -> None:
    """An encrypted database is not opened without keys: the error names the key, and says what to set."""
    keys(OLD)
    run(database_url)
    keys()
    with pytest.raises(DatabaseError, match=f"sealed with the key {Keyring.parse(OLD).ids[0]}.*set QUORATE_KEYS"):
        open_database(database_url)


def test_an_encrypted_database_with_another_key(database_url: str, keys: Keys) -> None:
    """With another key the error names both."""
    keys(OLD)
    run(database_url)
    keys(NEW)
    old, new = Keyring.parse(OLD).ids[0], Keyring.parse(NEW).ids[0]
    with pytest.raises(DatabaseError, match=f"sealed with the key {old}, and only the key {new}"):
        open_database(database_url)


def test_a_plaintext_database_with_keys(database_url: str, keys: Keys) -> None:
    """A database that has something in plaintext is not opened with keys: the error says how to encrypt it."""
    keys()
    run(database_url)
    keys(NEW)
    with pytest.raises(DatabaseError, match=r"in plaintext, and keys in QUORATE_KEYS.*quorate keys rotate --encrypt"):
        open_database(database_url)
    keys()
    run(database_url)


def test_an_empty_database_becomes_an_encrypted_one(database_url: str, keys: Keys) -> None:
    """A database in which nothing is yet takes the first keys that it gets, and remembers them."""
    keys()
    with open_database(database_url):
        pass
    assert remembered(database_url) is None
    keys(OLD)
    run(database_url)
    assert remembered(database_url) == f"sealed {Keyring.parse(OLD).ids[0]}"
    keys(NEW, OLD)
    assert remembered(database_url) == f"sealed {' '.join(Keyring.parse(f'{NEW},{OLD}').ids)}"
    keys(OLD)
    with pytest.raises(DatabaseError, match=", and only the key"):
        open_database(database_url)


def test_a_plaintext_row_that_was_smuggled_in(sqlite_url: str, keys: Keys) -> None:
    """A row in plaintext is refused in an encrypted database, as a checkpoint, as writes and as a thread."""
    keys(OLD)
    run(sqlite_url)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    for table in ("quorate_checkpoints", "quorate_writes"):
        with closing(sqlite3.connect(path)) as connection, connection:
            kept = connection.execute(f"SELECT seq, payload FROM {table}").fetchall()
            connection.execute(f"UPDATE {table} SET payload = X'0091'")
        with (
            open_database(sqlite_url) as database,
            database.saver() as saver,
            pytest.raises(DatabaseError, match="a plaintext row"),
        ):
            list(saver.list({"configurable": {"thread_id": "t"}}))
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executemany(f"UPDATE {table} SET payload = ?2 WHERE seq = ?1", kept)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE quorate_threads SET sealed = NULL, thread = 'smuggled'")
    with open_database(sqlite_url) as database, pytest.raises(DatabaseError, match="a plaintext row"):
        database.threads()


def test_what_a_database_remembers_is_read_back() -> None:
    """What is remembered is read back as it was; anything else is refused."""
    for state in (Encryption(), Encryption("sealed", ("a",)), Encryption("sealing", ("a", "b"))):
        assert Encryption.parse(state.text, "x") == state
    for text in ("sealed", "other a", "plain a"):
        with pytest.raises(DatabaseError, match="restore the row `encryption`"):
            Encryption.parse(text, "x")


def test_a_database_that_is_being_converted() -> None:
    """While a database is encrypted or decrypted, and where that was stopped, it is not opened."""
    for state, way in (("sealing", "--encrypt"), ("opening", "--decrypt")):
        for sealer in (Plain(), Keyring.parse(OLD)):
            with pytest.raises(DatabaseError, match=f"being .*quorate keys rotate {way}"):
                admit(Encryption(state, ("a",)), sealer, empty=False, shown="x")  # type: ignore[arg-type]


def test_a_sealed_row_in_another_place(sqlite_url: str, keys: Keys) -> None:
    """A sealed row opens at its own place alone: of two that were exchanged an audit finds both."""
    keys(OLD)
    run(sqlite_url)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection, connection:
        (one, first), (two, second) = connection.execute(
            "SELECT seq, payload FROM quorate_writes WHERE line = 1 ORDER BY seq LIMIT 2"
        ).fetchall()
        connection.executemany("UPDATE quorate_writes SET payload = ? WHERE seq = ?", [(second, one), (first, two)])
    with open_database(sqlite_url) as database:
        found = list(Audit(database.log.store, database.log.sealer))
    assert {(each.kind, each.place) for each in found} == {("unreadable", one), ("unreadable", two)}
