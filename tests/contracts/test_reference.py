from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import BlobError, Reference, blob_digest, references

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
DIGESTS = st.binary(max_size=4).map(blob_digest)


class OneBlob:
    """A store that answers every digest with one content."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def put(self, content: bytes) -> str:
        raise AssertionError

    def get(self, digest: str) -> bytes:
        return self.content

    def has(self, digest: str) -> bool:
        return True

    def remove_unreferenced(self, keep: Collection[str], *, before: datetime) -> int:
        raise AssertionError


@given(content=st.binary(max_size=20))
def test_reference_round_trips(content: bytes) -> None:
    """A reference is the digest and the size of the content, and plain data that is read back as the same."""
    reference = Reference.to(content)
    assert reference == Reference(blob_digest(content), len(content))
    assert Reference.read(json.loads(json.dumps(reference.plain))) == reference


@pytest.mark.parametrize(
    "plain",
    [
        None,
        "a" * 64,
        {},
        {"$blob": "a" * 64},
        {"size": 1},
        {"$blob": "a" * 63, "size": 1},
        {"$blob": "A" * 64, "size": 1},
        {"$blob": "a" * 64 + "\n", "size": 1},
        {"$blob": "a" * 64, "size": -1},
        {"$blob": "a" * 64, "size": True},
        {"$blob": "a" * 64, "size": 1.0},
        {"$blob": "a" * 64, "size": 1, "more": 1},
        {"blob": "a" * 64, "size": 1},
    ],
)
def test_other_data_is_no_reference(plain: Any) -> None:
    """Only data of the exact form is a reference."""
    assert Reference.read(plain) is None


def test_value_is_read_from_the_store() -> None:
    """The value is what the JSON text under the digest says."""
    assert Reference.to(b"").value(OneBlob(b'{"a":[1,2.5,null]}')) == {"a": [1, 2.5, None]}


def test_missing_store_is_named() -> None:
    """A reference without a blob store is an error that names the digest and says what to pass."""
    reference = Reference.to(b'"text"')
    with pytest.raises(BlobError, match=f"blob {reference.digest}.*blobs=database.blobs"):
        reference.value(None)


def test_content_must_be_json() -> None:
    """A reference to content that is no JSON text is an error, not a value."""
    with pytest.raises(BlobError, match="no JSON text"):
        Reference.to(b"").value(OneBlob(b"\x00PDF"))


@given(data=st.lists(st.tuples(DIGESTS, JSON), max_size=3))
def test_references_are_found_at_any_depth(data: list[tuple[str, Any]]) -> None:
    """Every reference within plain data is found, and nothing else."""
    plain = [{"request": {"a": Reference(digest, 1).plain, "b": value}, "c": (value,)} for digest, value in data]
    assert sorted(each.digest for each in references(plain)) == sorted(digest for digest, _ in data)
