from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.zygote import Zygote, until_there

from quorate.checkpoints import MemoryBlobs, open_database
from quorate.contracts import BlobError, BlobStore, DatabaseError

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def blobs(request: pytest.FixtureRequest) -> Iterator[BlobStore]:
    """A new blob store of each kind."""
    if request.param == "memory":
        yield MemoryBlobs()
        return
    name = "sqlite_url" if request.param == "sqlite" else "empty_postgres_url"
    with open_database(request.getfixturevalue(name)) as database:
        yield database.blobs


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_any_bytes_round_trip(blobs: BlobStore, content: bytes) -> None:
    """Bytes come back under their SHA-256 as they were, whatever they are, empty ones too."""
    digest = blobs.put(content)
    assert digest == sha256(content).hexdigest()
    assert blobs.has(digest)
    assert blobs.get(digest) == content


@pytest.mark.parametrize("content", [b"text " * 400_000, os.urandom(2_000_000)], ids=["regular", "random"])
def test_large_content_round_trips(blobs: BlobStore, content: bytes) -> None:
    """Megabytes come back as they were, those that can be compressed and those that cannot."""
    assert blobs.get(blobs.put(content)) == content


def test_missing_blob_is_explained(blobs: BlobStore) -> None:
    """A digest under which nothing is stored is an error that names it and says what to do."""
    digest = sha256(b"never stored").hexdigest()
    assert not blobs.has(digest)
    with pytest.raises(BlobError, match=f"blob {digest}.*nothing.*send the request again"):
        blobs.get(digest)


def test_unreferenced_blobs_are_removed(blobs: BlobStore) -> None:
    """What is not to be kept is removed and counted; the rest stays."""
    kept, gone, other = (blobs.put(content) for content in (b"kept", b"gone", b"other"))
    assert blobs.remove_unreferenced({kept, "f" * 64}, before=LATER) == 2
    assert [blobs.has(digest) for digest in (kept, gone, other)] == [True, False, False]
    assert blobs.remove_unreferenced({kept}, before=LATER) == 0
    assert blobs.put(b"gone") == gone
    assert blobs.get(gone) == b"gone"


def test_many_blobs_can_be_kept(blobs: BlobStore) -> None:
    """The digests to keep may be more than a statement has parameters."""
    kept = blobs.put(b"kept")
    assert blobs.remove_unreferenced([*(f"{n:064x}" for n in range(70_000)), kept], before=LATER) == 0
    assert blobs.has(kept)


def test_fresh_blobs_stay(blobs: BlobStore) -> None:
    """A blob stored since the given time stays: the checkpoint that refers to it may not be written yet."""
    digest = blobs.put(b"fresh")
    earlier = datetime.now(UTC) - timedelta(hours=1)
    assert blobs.remove_unreferenced((), before=earlier) == 0
    assert blobs.has(digest)


def test_storing_again_makes_fresh(blobs: BlobStore) -> None:
    """An old blob that is stored again counts as stored now: a new run relies on it."""
    digest = blobs.put(b"again")
    between = datetime.now(UTC)
    blobs.put(b"again")
    assert blobs.remove_unreferenced((), before=between) == 0
    assert blobs.get(digest) == b"again"


def test_threads_store_the_same_content(blobs: BlobStore) -> None:
    """Several threads may store the same content at the same time."""
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(blobs.put, [b"same " * 1000] * 40))
    assert len(digests) == 1
    assert blobs.get(digests.pop()) == b"same " * 1000


def _rows(url: str, query: str) -> list[tuple[object, ...]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            rows = file.execute(query).fetchall()
            file.commit()
            return rows
    import psycopg

    with psycopg.connect(url) as server:
        cursor = server.execute(query)  # type: ignore[arg-type]  # no literal
        return cursor.fetchall() if cursor.description else []


def test_same_content_is_stored_once(database_url: str) -> None:
    """The same content is one row, however often and through however many handles it is stored."""
    for _ in range(2):
        with open_database(database_url) as database:
            database.blobs.put(b"one")
            database.blobs.put(b"one")
            database.blobs.put(b"other")
    assert _rows(database_url, "SELECT size FROM quorate_blobs ORDER BY size") == [(3,), (5,)]


def test_content_is_compressed_where_it_pays(database_url: str) -> None:
    """Text is stored in fewer bytes than it has; what cannot be compressed takes no more than a few bytes extra."""
    with open_database(database_url) as database:
        database.blobs.put(b"a line of text\n" * 10_000)
        database.blobs.put(os.urandom(100_000))
    random, text = _rows(database_url, "SELECT size, length(content) FROM quorate_blobs ORDER BY size")
    assert (text[0], random[0]) == (150_000, 100_000)
    assert int(str(text[1])) < 2_000
    assert int(str(random[1])) < 100_020


def test_changed_content_is_refused(database_url: str) -> None:
    """Content that is not what its digest says is an error, and is not given out."""
    with open_database(database_url) as database:
        first, second = database.blobs.put(b"first"), database.blobs.put(b"second")
        _rows(
            database_url,
            f"UPDATE quorate_blobs SET content = (SELECT content FROM quorate_blobs WHERE digest = '{second}')"
            f" WHERE digest = '{first}'",
        )
        with pytest.raises(BlobError, match=f"blob {first}.*{second}.*changed"):
            database.blobs.get(first)


def test_damaged_content_is_refused(database_url: str) -> None:
    """A row in no known form is an error that says so."""
    with open_database(database_url) as database:
        digest = database.blobs.put(b"content")
        value = "x'5051'" if database_url.startswith("sqlite") else r"'\x5051'"
        _rows(database_url, f"UPDATE quorate_blobs SET content = {value}")
        with pytest.raises(DatabaseError, match=f"blob {digest}"):
            database.blobs.get(digest)


def test_stored_blob_outlives_a_kill(zygote: Zygote, database_url: str, tmp_path: Path) -> None:
    """What `put` has returned for is there after the process is killed."""
    child = zygote.start("store_and_wait", database_url, str(tmp_path / "said"))
    until_there(tmp_path / "said")
    zygote.kill(child)
    digest = (tmp_path / "said").read_text()
    with open_database(database_url) as database:
        assert database.blobs.get(digest) == b"content " * 100_000


def test_older_database_gets_the_table(database_url: str) -> None:
    """A database that was made before there were blobs gets their table when it is opened."""
    open_database(database_url).close()
    _rows(database_url, "DROP TABLE quorate_blobs")
    with open_database(database_url) as database:
        assert database.blobs.get(database.blobs.put(b"content")) == b"content"


def test_closed_database_has_no_blobs(database_url: str) -> None:
    """A closed handle raises DatabaseError instead of a driver's error."""
    database = open_database(database_url)
    database.close()
    with pytest.raises(DatabaseError, match="open the database again"):
        database.blobs.has("a" * 64)
