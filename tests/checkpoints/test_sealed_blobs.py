from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from quorate.checkpoints import open_database
from quorate.checkpoints.address import Address
from quorate.checkpoints.sealing.seal import Keyring, Sealer
from quorate.checkpoints.sqlite.blobs import SqliteBlobs
from quorate.checkpoints.sqlite.file import SqliteFile
from quorate.contracts import BlobError, BlobStore, DatabaseError, blob_digest

pytest.importorskip("cryptography", reason="the extra security is not installed")

NEW, OLD = bytes(range(32)), bytes(range(1, 33))
CONTENT = b"the words of a customer " * 1000
Open = Callable[[Sealer | None], BlobStore]


@pytest.fixture
def opened(database_url: str) -> Iterator[Open]:
    """Opens the blob store of one database with a sealer: once of each kind."""
    with open_database(database_url):  # makes the table
        if database_url.startswith("sqlite"):
            file = SqliteFile(Address.parse(database_url).path, database_url)
            yield lambda sealer: SqliteBlobs(file, sealer)
            file.close()
            return
        from quorate.checkpoints.postgres.blobs import PostgresBlobs
        from quorate.checkpoints.postgres.server import PostgresServer

        server = PostgresServer(Address.parse(database_url))
        yield lambda sealer: PostgresBlobs(server, sealer)
        server.close()


def test_sealed_blob_comes_back(opened: Open) -> None:
    """With the key the content comes back under its own digest; it is stored once."""
    blobs = opened(Keyring([NEW]))
    digest = blobs.put(CONTENT)
    assert digest == blobs.put(CONTENT) == blob_digest(CONTENT)
    assert blobs.has(digest)
    assert blobs.get(digest) == CONTENT
    assert blobs.remove_unreferenced((), before=datetime.now(UTC) + timedelta(days=1)) == 1


def test_row_tells_nothing(opened: Open, database_url: str) -> None:
    """Without the key neither the content nor its digest is in the database."""
    opened(Keyring([NEW])).put(CONTENT)
    with pytest.raises(BlobError, match="nothing under this digest"):
        opened(None).get(blob_digest(CONTENT))
    with pytest.raises(BlobError, match="nothing under this digest"):
        opened(Keyring([OLD])).get(blob_digest(CONTENT))
    if database_url.startswith("sqlite"):
        path = Address.parse(database_url).path
        everything = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
        assert b"customer" not in everything
        assert blob_digest(CONTENT).encode() not in everything


def test_plaintext_row_is_refused(opened: Open) -> None:
    """A row that is not sealed is refused under a key, though it stands under the right name."""

    class Unsealed(Keyring):
        def seal(self, plain: bytes, context: bytes) -> bytes:
            return plain

    opened(Unsealed([NEW])).put(CONTENT)
    with pytest.raises(DatabaseError, match="plaintext row"):
        opened(Keyring([NEW])).get(blob_digest(CONTENT))


def test_old_key_opens(opened: Open) -> None:
    """After a new key what an older one sealed is there, and is kept by the sweep."""
    digest = opened(Keyring([OLD])).put(CONTENT)
    blobs = opened(Keyring([NEW, OLD]))
    assert blobs.has(digest)
    assert blobs.get(digest) == CONTENT
    assert blobs.remove_unreferenced({digest}, before=datetime.now(UTC) + timedelta(days=1)) == 0


def test_storing_again_takes_the_new_key(opened: Open) -> None:
    """Content that is stored again is sealed with the newest key, and no longer with the older one."""
    opened(Keyring([OLD])).put(CONTENT)
    digest = opened(Keyring([NEW, OLD])).put(CONTENT)
    assert opened(Keyring([NEW])).get(digest) == CONTENT
    assert not opened(Keyring([OLD])).has(digest)
