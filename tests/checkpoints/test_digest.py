from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from quorate.checkpoints.log.digest import chain, content_digest

PARTS = st.lists(st.binary(max_size=20), max_size=6)


def test_content_formula() -> None:
    """The digest of a content is SHA-256 over a zero byte, then the parts as MessagePack, with sorted keys."""
    by_hand = hashlib.sha256(b"\0\x94\xc4\x03abc\xc4\x00\xc5\x01\x00" + b"x" * 256 + b"\x82\xa1a\xc0\xa1b\xa3two")
    assert content_digest([b"abc", b"", b"x" * 256, {"b": "two", "a": None}]) == by_hand.digest()
    assert content_digest([]) == hashlib.sha256(b"\0\x90").digest()


def test_chain_formula() -> None:
    """A link is SHA-256 over a one byte, the digest before, if there is one, and the content's digest."""
    first, second = hashlib.sha256(b"first").digest(), hashlib.sha256(b"second").digest()
    assert chain(None, first) == hashlib.sha256(b"\x01" + first).digest()
    assert chain(first, second) == hashlib.sha256(b"\x01" + first + second).digest()


def test_known_digests() -> None:
    """Chains that were written once are proved for ever: the formula does not change."""
    content = content_digest([b"thread", b"values"])
    assert content.hex() == "79a59c2738ba0b600252bbdb0c3ed66b250e7a8dd221358ad30753df76287ba2"
    assert (
        chain(chain(None, content), content).hex() == "49f4ee65841b8f5e219eb1100a6b246dd06033ab54abc252709c64690d36d049"
    )


@given(PARTS, PARTS)
def test_parts_stay_apart(parts: list[bytes], others: list[bytes]) -> None:
    """Different parts give different digests, also where together they are the same bytes."""
    assert (content_digest(parts) == content_digest(others)) == (parts == others)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=6), st.data())
def test_shifted_bytes_are_seen(parts: list[bytes], data: st.DataObject) -> None:
    """The same bytes, cut at other places, give another digest."""
    whole = b"".join(parts)
    cut = data.draw(st.integers(0, len(whole)))
    moved = [whole[:cut], whole[cut:]]
    assert (content_digest(moved) == content_digest(parts)) == (moved == parts)


@given(st.lists(st.binary(max_size=8), unique=True, min_size=2, max_size=6), st.data())
def test_order_and_loss_are_seen(contents: list[bytes], data: st.DataObject) -> None:
    """A chain of the same events in another order, or without one of them, ends in another digest."""

    def tip(events: list[bytes]) -> bytes | None:
        digest = None
        for event in events:
            digest = chain(digest, content_digest([event]))
        return digest

    other = data.draw(st.permutations(contents))
    lost = data.draw(st.integers(0, len(contents) - 1))
    assert (tip(other) == tip(contents)) == (other == contents)
    assert tip(contents[:lost] + contents[lost + 1 :]) != tip(contents)
