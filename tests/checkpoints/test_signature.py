from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.checkpoints.audit.signature import Head, SignedHeads, read_heads, sign, unsigned, verify
from quorate.contracts import DatabaseError

pytest.importorskip("cryptography", reason="the extra 'security' is not installed")

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
HEAD = Head("receipts/7", "", "1ef4f797-8335-6428-8001-8a1503f9b875", "0f" * 32, 12, "2026-05-01T12:00:00+00:00")
DOCUMENT = sign([HEAD, replace(HEAD, namespace="review:1", events=3)], KEY).to_json()

HEADS = st.lists(
    st.builds(
        Head,
        thread=st.text(),
        namespace=st.text(),
        checkpoint_id=st.text(),
        digest=st.binary(min_size=32, max_size=32).map(bytes.hex),
        events=st.integers(1, 2**63 - 1),
        at=st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
    ),
    max_size=4,
    unique_by=lambda head: (head.thread, head.namespace),
)


@given(HEADS, st.sampled_from(["", "\n", "\r\n"]))
def test_round_trip(heads: list[Head], end: str) -> None:
    """Signed heads are read as they were given, by line, with the signer's key or the document's own."""
    signed = sign(heads, KEY)
    document = signed.to_json()
    assert verify(document + end, KEY.public_key()) == verify(document, None) == signed
    assert sorted(signed.heads, key=lambda head: (head.thread, head.namespace)) == list(signed.heads)
    assert set(signed.heads) == set(heads)
    assert document.isascii()


@given(HEADS, st.randoms())
def test_the_order_given_does_not_matter(heads: list[Head], random: Any) -> None:
    """The same heads give the same document, in whatever order they come."""
    shuffled = list(heads)
    random.shuffle(shuffled)
    assert sign(shuffled, KEY) == sign(heads, KEY)


def test_form_by_hand() -> None:
    """The document is canonical JSON, and the signature is under it without the signature, after a line of purpose."""
    document = sign([HEAD], KEY).to_json()
    public = KEY.public_key().public_bytes_raw().hex()
    body = (
        '{"format":1,"heads":[{"at":"2026-05-01T12:00:00+00:00","checkpoint_id":"1ef4f797-8335-6428-8001-8a1503f9b875",'
        f'"digest":"{"0f" * 32}","events":12,"namespace":"","thread":"receipts/7"}}],"public_key":"{public}"'
    )
    signature = KEY.sign(f"quorate signed heads\n{body}}}".encode()).hex()
    assert document == f'{body},"signature":"{signature}"}}'


def test_another_signer_is_refused() -> None:
    """A document that another key signed is refused where the signer is known, and both keys are named."""
    with pytest.raises(DatabaseError, match=f"that {KEY.public_key().public_bytes_raw().hex()} signed"):
        verify(DOCUMENT, OTHER.public_key())


def test_a_signature_of_another_key_is_refused() -> None:
    """A document does not pass with the known key written into it over the signature of another."""
    forged = replace(sign([HEAD], OTHER), public_key=KEY.public_key().public_bytes_raw().hex())
    for trusted in (KEY.public_key(), None):
        with pytest.raises(DatabaseError, match="signature that is not of this content"):
            verify(forged.to_json(), trusted)


def test_a_changed_character_is_refused() -> None:
    """A document with one changed, lost or added character, wherever it is, is refused with a reason."""
    for position, changed in enumerate(DOCUMENT):
        before, after = DOCUMENT[:position], DOCUMENT[position + 1 :]
        others = {chr(ord(changed) ^ 1), chr(ord(changed) ^ 32), "0", " ", "", f" {changed}"} - {changed}
        for other in others:
            with pytest.raises(DatabaseError, match="signed heads: got "):
                verify(before + other + after, None)


def test_a_cut_document_is_refused() -> None:
    """A document that was cut is refused, wherever it ends."""
    for length in range(len(DOCUMENT)):
        with pytest.raises(DatabaseError, match="got no JSON object"):
            verify(DOCUMENT[:length], None)


def edited(**values: Any) -> str:
    data = {**json.loads(DOCUMENT), **values}
    return json.dumps({key: value for key, value in data.items() if value is not ...}, sort_keys=True)


def heads_with(**values: Any) -> str:
    data = json.loads(DOCUMENT)
    return edited(heads=[{**data["heads"][0], **values}, data["heads"][1]])


@pytest.mark.parametrize(
    "document, got",
    [
        ("[]", "no JSON object"),
        ("[" * 100_000, "no JSON object"),
        ("{}", "the keys none; expected format, heads"),
        (edited(extra=1), "the keys extra, format, heads"),
        (edited(signature=...), "the keys format, heads, public_key;"),
        (edited(format=2), "format 2; expected format 1.*update quorate"),
        (edited(heads={}), "heads that are no list"),
        (edited(heads=[1]), "head 1 with other keys"),
        (heads_with(extra=1), "head 1 with other keys"),
        (heads_with(digest="0F" * 32), "head 1 with another value; expected digest"),
        (heads_with(events=0), "head 1 with another value; expected events"),
        (heads_with(events=12.0), "head 1 with another value; expected events"),
        (heads_with(events=True), "head 1 with another value; expected events"),
        (heads_with(thread=None), "head 1 with another value; expected thread"),
        (heads_with(at="2026-05-01T12:00:00"), "head 1 with another value; expected at"),
        (heads_with(at="yesterday"), "head 1 with another value; expected "),
        (heads_with(namespace="review:1"), "two heads of the thread 'receipts/7', namespace 'review:1'"),
        (heads_with(namespace="review:2"), "heads in another order"),
        (edited(public_key=1), "another public_key; expected 64"),
        (edited(signature="0" * 127), "another signature; expected 128"),
        (edited(), "a document in another layout"),
        (DOCUMENT.replace('{"format"', '{"heads":[],"format"'), "a document in another layout"),
        (DOCUMENT + "\n\n", "a document in another layout"),
        (DOCUMENT.replace('"events":12', '"events":13'), "a signature that is not of this content"),
        (DOCUMENT.replace('"events":12', '"events":1e999'), "head 1 with another value"),
        (DOCUMENT.replace('"events":12', '"events":' + "9" * 5000), "no JSON object"),
    ],
)
def test_a_tampered_document_is_refused(document: str, got: str) -> None:
    """Each way to change a document is refused with its own reason."""
    with pytest.raises(DatabaseError, match=f"^signed heads: got {got}"):
        verify(document, KEY.public_key())


def test_a_lost_head_is_refused() -> None:
    """Without one of its heads a document is refused."""
    signed = verify(DOCUMENT, None)
    shorter = SignedHeads(signed.heads[:1], signed.public_key, signed.signature)
    with pytest.raises(DatabaseError, match="not of this content"):
        verify(shorter.to_json(), None)


def test_two_heads_of_a_line_are_not_signed() -> None:
    """Two heads of one line are refused before they are signed."""
    with pytest.raises(DatabaseError, match=r"two heads of the thread 'receipts/7', namespace ''"):
        sign([HEAD, replace(HEAD, events=13)], KEY)


@pytest.mark.parametrize(
    "values, problem",
    [
        ({"digest": "0f" * 31}, "digest"),
        ({"digest": "0g" * 32}, "digest"),
        ({"digest": "0f" * 32 + "\n"}, "digest"),
        ({"events": 0}, "events"),
        ({"events": 2**63}, "events"),
        ({"at": "2026-05-01T12:00:00"}, "at must have an offset"),
        ({"at": ""}, "isoformat"),
        ({"namespace": None}, "must be text"),
    ],
)
def test_head_checks_its_values(values: dict[str, Any], problem: str) -> None:
    """A head takes no value out of its range."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        replace(HEAD, **values)


@given(HEADS, st.sampled_from(["", "\n", "\r\n"]))
def test_heads_without_a_signature(heads: list[Head], end: str) -> None:
    """Heads that nobody signed are read as they were given, but not as those of a signer that is asked for."""
    document = unsigned(heads)
    found, signer = read_heads(document + end, None)
    assert signer is None
    assert set(found) == set(heads)
    with pytest.raises(DatabaseError, match="a document that nobody signed"):
        read_heads(document, KEY.public_key())


def test_reading_a_signed_document_checks_it() -> None:
    """A signed document is read with its signer, and refused where it was changed or another one signed it."""
    heads, signer = read_heads(DOCUMENT, None)
    assert signer == KEY.public_key().public_bytes_raw().hex()
    assert read_heads(DOCUMENT, KEY.public_key()) == (heads, signer)
    with pytest.raises(DatabaseError, match="signed; expected the key"):
        read_heads(DOCUMENT, OTHER.public_key())
    with pytest.raises(DatabaseError, match="a signature that is not of this content"):
        read_heads(DOCUMENT.replace('"events":12', '"events":13'), None)


@pytest.mark.parametrize("change", ["[", '{"format":1}', '{"format":2,"heads":[]}', '{"format":1, "heads":[]}'])
def test_other_documents_without_a_signature(change: str) -> None:
    """What is not such a document, or is laid out in another way, is refused."""
    with pytest.raises(DatabaseError):
        read_heads(change, None)
