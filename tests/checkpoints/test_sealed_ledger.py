from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quorate.checkpoints import open_database
from quorate.checkpoints.address import Address
from quorate.contracts import DatabaseError, Entry, Ledger, LedgerError

pytest.importorskip("cryptography", reason="the extra security is not installed")

OLD, NEW = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
KEY, THREAD, DIGEST = "the-key-of-an-effect", "the-thread-of-a-person", "the-digest-of-arguments"
ARGS, RESULT = {"iban": "DE02120300000000202051"}, {"receipt": "receipt-of-a-person"}


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the keys of the next database that is opened."""
    return lambda *keys: monkeypatch.setenv("QUORATE_KEYS", ",".join(keys))


@pytest.fixture
def ledger(database_url: str, keys: Any) -> Iterator[Ledger]:
    """The ledger of an encrypted database, with one effect that is done."""
    keys(OLD)
    with open_database(database_url) as database:
        assert database.ledger.begin(KEY, name="pay", thread=THREAD, digest=DIGEST, args=ARGS) is None
        assert database.ledger.entry(KEY) == Entry(KEY, "executing", THREAD, DIGEST)
        database.ledger.finish(KEY, result=RESULT)
        yield database.ledger


def test_sealed_entry_comes_back(ledger: Ledger) -> None:
    """With the key an entry is as without one: begun once, done once, never with another result."""
    done = Entry(KEY, "done", THREAD, DIGEST, RESULT)
    assert ledger.entry(KEY) == done
    assert ledger.begin(KEY, name="pay", thread="other", digest="other", args={}) == done
    ledger.finish(KEY, result=RESULT)
    with pytest.raises(LedgerError, match="a second, different result"):
        ledger.finish(KEY, result=None)
    with pytest.raises(LedgerError, match="after the effect was done"):
        ledger.abandon(KEY)
    ledger.begin("other", name="pay", thread=THREAD, digest=DIGEST, args=ARGS)
    ledger.abandon("other")
    assert ledger.entry("other") is None


def test_file_tells_nothing(ledger: Ledger, database_url: str) -> None:
    """Neither the key nor the thread, the digest, the arguments or the answer is in the file."""
    if not database_url.startswith("sqlite"):
        pytest.skip("the file is the server's")
    path: Path = Address.parse(database_url).path
    everything = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    for secret in (KEY, THREAD, DIGEST, "iban", ARGS["iban"], RESULT["receipt"]):
        assert secret.encode() not in everything


def test_a_new_key_knows_what_was_done_under_the_old(ledger: Ledger, database_url: str, keys: Any) -> None:
    """An effect that was begun under an older key is not begun again, and ends under the newer one."""
    ledger.begin("open", name="pay", thread=THREAD, digest=DIGEST, args=ARGS)
    for order in ((OLD, NEW), (NEW, OLD)):
        keys(*order)
        with open_database(database_url) as database:
            for key in (KEY, "open"):
                assert database.ledger.begin(key, name="pay", thread="other", digest="other", args={}) is not None
    with open_database(database_url) as database:
        database.ledger.finish("open", result=1)
        assert database.ledger.entry("open") == Entry("open", "done", THREAD, DIGEST, 1)


def test_a_row_that_was_changed_is_refused(ledger: Ledger, database_url: str) -> None:
    """A row that is said to be open again, or is in plaintext, is refused: its effect would happen twice."""
    if not database_url.startswith("sqlite"):
        pytest.skip("one file is enough to be tampered with")
    import sqlite3
    from contextlib import closing

    path = Address.parse(database_url).path
    for statement in (
        "UPDATE effects_ledger SET status = 'executing'",
        f"UPDATE effects_ledger SET status = 'done', sealed = NULL, args = '{json.dumps(ARGS)}'",
    ):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(statement)
        with pytest.raises(DatabaseError, match=r"a row that was changed|a plaintext row"):
            ledger.entry(KEY)
