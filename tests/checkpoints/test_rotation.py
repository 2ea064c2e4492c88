from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.checkpoints.test_schema import run
from tests.fakes.moment_store import MomentStore
from tests.fakes.tampering import build

from quorate.checkpoints import open_database
from quorate.checkpoints.address import Address
from quorate.checkpoints.audit.audit import Audit, heads_of
from quorate.checkpoints.audit.signature import Head
from quorate.checkpoints.conversion import open_to_convert
from quorate.checkpoints.database import Database
from quorate.checkpoints.rotation import Rotation
from quorate.checkpoints.sealing.seal import Keyring
from quorate.contracts import DatabaseError, blob_digest

pytest.importorskip("cryptography", reason="the extra security is not installed")

OLD, NEW = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
SECRET = "what nobody else may read"
META = "SELECT key, value FROM quorate_meta ORDER BY key"
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


def thread(name: str) -> Any:
    return {"configurable": {"thread_id": name}}


def fill(url: str) -> list[Head]:
    """Checkpoints of two threads, an effect, a blob, and a thread that was deleted; where the lines stand."""
    with open_database(url) as database:
        with database.saver() as saver:
            graph = build().compile(checkpointer=saver)
            for name in (f"{SECRET} t", f"{SECRET} u", f"{SECRET} gone"):
                graph.invoke({"log": [SECRET]}, thread(name))
            saver.delete_thread(f"{SECRET} gone")
        database.ledger.begin("key", name="pay", thread=SECRET, digest="d", args={"for": SECRET})
        database.ledger.finish("key", result=SECRET)
        database.blobs.put(SECRET.encode() * 10)
        return list(heads_of(database.log.store, database.log.sealer, datetime.now(UTC)))


def check(url: str, heads: list[Head]) -> None:
    """All is there as before, and proved; runs go on."""
    with open_database(url) as database, database.saver() as saver:
        assert not list(Audit(database.log.store, database.log.sealer, heads=heads))
        graph = build().compile(checkpointer=saver)
        for name in ("t", "u"):
            assert graph.get_state(thread(f"{SECRET} {name}")).values["log"][0] == SECRET
        graph.invoke({"log": ["on"]}, thread(f"{SECRET} t"))
        entry = database.ledger.entry("key")
        assert entry is not None
        assert (entry.status, entry.thread, entry.result) == ("done", SECRET, SECRET)
        assert database.ledger.begin("key", name="pay", thread="", digest="", args={}) == entry
        assert database.blobs.get(blob_digest(SECRET.encode() * 10)) == SECRET.encode() * 10


def everything(url: str) -> bytes:
    path: Path = Address.parse(url).path
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def rotate(database: Database) -> Rotation:
    rotation = Rotation(database)
    rotation()
    return rotation


def test_an_old_key_can_be_dropped(database_url: str, keys: Keys) -> None:
    """After a rotation all opens with the new key alone, is as it was, and its chain is the one that it had."""
    keys(OLD)
    heads = fill(database_url)
    keys(NEW, OLD)
    with open_database(database_url) as database:
        assert rotate(database).sealed > 20
        assert rotate(database).sealed == 0
    keys(OLD)
    with pytest.raises(DatabaseError, match=f"sealed with the key {Keyring.parse(NEW).ids[0]}, and only"):
        open_database(database_url)
    keys(NEW)
    check(database_url, heads)


class PowerCut(Exception):
    pass


def test_a_rotation_goes_on_where_it_was_stopped(sqlite_url: str, keys: Keys) -> None:
    """A rotation that was stopped leaves all readable with both keys, and goes on with the rest."""
    keys(OLD)
    heads = fill(sqlite_url)
    keys(NEW, OLD)
    sealed = 0

    def stop(seen: int) -> None:
        if seen > 12:
            raise PowerCut

    with open_database(sqlite_url) as database:
        first = Rotation(database, stop, rows=4)
        with pytest.raises(PowerCut):
            first()
        sealed = first.sealed
        assert sealed > 0
    check(sqlite_url, heads)
    keys(NEW)
    with pytest.raises(DatabaseError, match=", and only the key"):
        open_database(sqlite_url)
    keys(NEW, OLD)
    with open_database(sqlite_url) as database:
        assert rotate(database).sealed > 0
    keys(NEW)
    check(sqlite_url, heads)


def test_a_thread_that_takes_the_number_of_a_deleted_one(sqlite_url: str, keys: Keys) -> None:
    """A thread that begins while all is sealed anew keeps its name, though its line has a deleted one's number."""
    keys(OLD)
    fill(sqlite_url)
    keys(NEW, OLD)
    with open_database(sqlite_url) as database, database.saver() as saver:
        graph = build().compile(checkpointer=saver)

        def replace() -> None:
            saver.delete_thread(f"{SECRET} u")
            graph.invoke({"log": [SECRET]}, thread("another"))

        log = database.log
        held = SimpleNamespace(store=MomentStore(log.store, replace), sealer=log.sealer, writer=log.writer)
        others = dict.fromkeys(("ledger", "blobs", "journal", "accounts"))
        Rotation(cast(Database, SimpleNamespace(log=held, **others)))()
        assert {each.id for each in database.threads()} == {f"{SECRET} t", "another"}
        assert not list(Audit(log.store, log.sealer))


def test_a_database_is_encrypted_and_decrypted_again(database_url: str, keys: Keys) -> None:
    """A database in plaintext is encrypted as a whole, and back; its chain stays the one that it had."""
    keys()
    heads = fill(database_url)
    with open_to_convert(Address.parse(database_url), Keyring.parse(NEW), encrypt=True) as database:
        with pytest.raises(DatabaseError, match="being encrypted"):
            open_database(database_url)
        rotate(database)
        database.log.store.vacuum()
    with pytest.raises(DatabaseError, match="set QUORATE_KEYS"):
        open_database(database_url)
    if database_url.startswith("sqlite"):
        assert SECRET.encode() not in everything(database_url)
    keys(NEW)
    check(database_url, heads)
    with open_to_convert(Address.parse(database_url), Keyring.parse(NEW), encrypt=False) as database:
        rotate(database)
    keys()
    check(database_url, heads)


@pytest.fixture
def in_use(database_url: str, keys: Keys) -> Iterator[str]:
    keys()
    with open_database(database_url) as database:
        database.threads()
        yield database_url


def test_a_database_in_use_is_not_converted(in_use: str) -> None:
    """While another program has a database open it is not encrypted, and stays as it is."""
    with pytest.raises(DatabaseError, match="has open"):
        open_to_convert(Address.parse(in_use), Keyring.parse(NEW), encrypt=True)
    fill(in_use)


def test_a_session_of_another_user_is_seen(empty_postgres_url: str, keys: Keys) -> None:
    """A session of another user keeps a database from being encrypted, though who encrypts it is no superuser."""
    import psycopg

    keys()
    with open_database(empty_postgres_url), psycopg.connect(empty_postgres_url, autocommit=True) as server:
        keeper = f"keeper_of_{server.info.dbname}"
        server.execute(f"CREATE ROLE {keeper} LOGIN".encode())
        server.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {keeper}".encode())
        address = Address.parse(empty_postgres_url.replace("postgres:@", f"{keeper}@"))
        with pytest.raises(DatabaseError, match=r"other session.* has open"):
            open_to_convert(address, Keyring.parse(NEW), encrypt=True)
        assert server.execute("SELECT value FROM quorate_meta WHERE key = 'encryption'").fetchall() in ([], [(None,)])


def test_a_session_that_is_ending_is_waited_for(empty_postgres_url: str, keys: Keys) -> None:
    """A session that ends in a moment, as that of the command before, keeps no database from being encrypted."""
    import psycopg

    keys()
    open_database(empty_postgres_url).close()
    session = psycopg.connect(empty_postgres_url)
    Timer(0.3, session.close).start()
    with open_to_convert(Address.parse(empty_postgres_url), Keyring.parse(NEW), encrypt=True) as database:
        rotate(database)
    keys(NEW)
    fill(empty_postgres_url)


@pytest.fixture
def newer(database_url: str, keys: Keys) -> str:
    """A database that names a schema that does not exist yet."""
    keys()
    open_database(database_url).close()
    run(database_url, "UPDATE quorate_meta SET value = '99' WHERE key = 'schema'")
    return database_url


@pytest.mark.parametrize("encrypt", [True, False])
def test_a_newer_database_is_not_converted(newer: str, encrypt: bool) -> None:
    """A database of a newer quorate is refused before anything in it is changed."""
    before = run(newer, META)
    with pytest.raises(DatabaseError, match="made by a newer quorate"):
        open_to_convert(Address.parse(newer), Keyring.parse(NEW), encrypt=encrypt)
    assert run(newer, META) == before


def test_another_file_is_not_converted(tmp_path: Path) -> None:
    """Of a file that is no database the error says so."""
    file = tmp_path / "notes.txt"
    file.write_text("milk, bread, butter\n" * 99)
    with pytest.raises(DatabaseError, match="file is not a database"):
        open_to_convert(Address.parse(f"sqlite:///{file}"), Keyring.parse(NEW), encrypt=True)
