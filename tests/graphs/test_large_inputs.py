from __future__ import annotations

import datetime
import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.fakes.blobs import DictBlobs

from quorate.contracts import BlobError, Reference
from quorate.graphs.large_inputs import LargeInputs

LIMIT = 40
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60)
)
REFERENCES = st.binary(max_size=3).map(lambda content: Reference.to(content).plain)
JSON = st.recursive(
    SCALARS | REFERENCES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=12,
)


class Line(BaseModel):
    day: datetime.date
    amount: Decimal


def _size(plain: Any) -> int:
    return len(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode())


@given(request=st.dictionaries(st.text(max_size=5), JSON, max_size=5) | JSON)
def test_any_request_round_trips(request: Any) -> None:
    """Any JSON data comes back as it was, the order of keys and what looks like a reference included."""
    inputs = LargeInputs(DictBlobs(), LIMIT)
    read = inputs.read(inputs.refer(request))
    assert read == request
    assert json.dumps(read) == json.dumps(request)


@given(request=st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_no_field_stays_large(request: dict[str, Any]) -> None:
    """A field over the limit is a reference that gives its size; one within the limit stays as it is."""
    inputs = LargeInputs(DictBlobs(), LIMIT)
    referred = inputs.refer(request)
    if Reference.read(request) is None:
        for name, value in request.items():
            reference = Reference.read(referred[name])
            assert (reference is not None) is (_size(value) > LIMIT or Reference.read(value) is not None)
            assert referred[name] is value if reference is None else reference.size == _size(value)


@pytest.mark.parametrize("size, stored", [(LIMIT - 2, False), (LIMIT - 1, True)])
def test_limit_is_in_bytes_of_json(size: int, stored: bool) -> None:
    """The limit counts the bytes of the JSON text, quotation marks included, and is itself within."""
    referred = LargeInputs(DictBlobs(), LIMIT).refer({"text": "x" * size, "umlauts": "ü" * 10})
    assert (Reference.read(referred["text"]) is not None) is stored
    assert referred["umlauts"] == "ü" * 10


def test_same_content_is_put_under_one_digest() -> None:
    """Equal values of two fields, and of two requests, are one blob."""
    blobs = DictBlobs()
    inputs = LargeInputs(blobs, LIMIT)
    one = inputs.refer({"a": "x" * 100, "b": "x" * 100})
    two = inputs.refer({"c": "x" * 100})
    assert one["a"] == one["b"] == two["c"]
    assert len(blobs.contents) == 1


def test_known_blobs_are_not_put_again() -> None:
    """What is known to be stored is referred to without storing it again."""
    blobs = DictBlobs()
    inputs = LargeInputs(blobs, LIMIT)
    first = inputs.refer({"text": "x" * 100, "short": "x"})
    assert inputs.refer({"text": "x" * 100, "short": "x"}, inputs.stored(first)) == first
    assert len(blobs.puts) == 1


def test_what_looks_like_a_reference_is_stored() -> None:
    """A user's value, or whole request, of the form of a reference is stored as a blob, however small."""
    theirs = Reference.to(b"secret").plain
    blobs = DictBlobs()
    blobs.put(b'"secret"')
    inputs = LargeInputs(blobs)
    for request in ({"text": theirs}, theirs):
        assert inputs.refer(request) != request
        assert inputs.read(inputs.refer(request)) == request


def test_typed_values_are_stored_as_json() -> None:
    """A large field of Python objects is stored as the JSON text that they stand for."""
    inputs = LargeInputs(DictBlobs(), LIMIT)
    lines = [Line(day=datetime.date(2026, 1, 2), amount=Decimal("1.50"))] * 2
    referred = inputs.refer({"lines": lines, "sum": Decimal(3)})
    assert referred["sum"] == Decimal(3)
    assert inputs.read(referred)["lines"] == [{"day": "2026-01-02", "amount": "1.50"}] * 2


def test_model_becomes_its_fields_only_where_one_is_large() -> None:
    """A request that is a model stays one, unless a field of it must be stored."""

    class Document(BaseModel):
        text: str
        day: datetime.date

    inputs = LargeInputs(DictBlobs(), LIMIT)
    small = Document(text="x", day=datetime.date(2026, 1, 2))
    assert inputs.refer(small) is small
    referred = inputs.refer(Document(text="x" * 100, day=datetime.date(2026, 1, 2)))
    assert referred["day"] == datetime.date(2026, 1, 2)
    assert Reference.read(referred["text"]) is not None


@pytest.mark.parametrize(
    "value",
    [math.nan, [math.inf] * 20, "\ud800" * 100, 10**100, b"\xff" * 100, object(), {1: object()}],
    ids=["nan", "infinities", "surrogates", "integer", "bytes", "object", "nested object"],
)
def test_what_json_cannot_hold_stays(value: Any) -> None:
    """What JSON cannot hold is left for the validation to refuse."""
    blobs = DictBlobs()
    assert LargeInputs(blobs, LIMIT).refer({"value": value})["value"] is value
    assert blobs.puts == []


def test_iterator_is_not_used_up() -> None:
    """A value that can be read only once is left to the model."""
    numbers = iter(range(100))
    assert LargeInputs(DictBlobs(), LIMIT).refer({"numbers": numbers})["numbers"] is numbers
    assert next(numbers) == 0


def test_nothing_is_done_without_a_store() -> None:
    """Without a blob store every request stays as it is, and a reference cannot be read."""
    request = {"text": "x" * 1_000_000}
    assert LargeInputs().refer(request) is request
    with pytest.raises(BlobError, match="no blob store"):
        LargeInputs().read({"text": Reference.to(b"").plain})


@pytest.mark.parametrize("depth", [200, 201])
def test_deep_data_round_trips(depth: int) -> None:
    """Data as deep as a checkpoint may hold comes back; what is deeper is refused elsewhere, and stays."""
    value: Any = "x" * 100
    for _ in range(depth):
        value = [value]
    inputs = LargeInputs(DictBlobs(), LIMIT)
    assert inputs.read(inputs.refer({"value": value})) == {"value": value}
