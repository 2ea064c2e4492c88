"""Effects: the idempotency key, and the digest that an approval is bound to."""

from __future__ import annotations

from dataclasses import replace

from quorate.contracts import Effect

POST = Effect("post", {"company": "ACME", "total": "12.00", "memo": "a"})
BY_IDENTITY = replace(POST, identity=("company", "total"), content={"company": "acme", "total": "12"})


def test_key_is_made_from_the_content() -> None:
    """The same content has the same key, whatever else the arguments say and however they are written."""
    other = replace(BY_IDENTITY, args={"company": "Acme", "total": "12.0", "memo": "b"})
    assert other.key == BY_IDENTITY.key
    assert other.digest != BY_IDENTITY.digest
    assert replace(BY_IDENTITY, content={"company": "acme", "total": "13"}).key != BY_IDENTITY.key
    assert replace(BY_IDENTITY, name="mail").key != BY_IDENTITY.key


def test_key_without_an_identity_is_of_all_arguments() -> None:
    """Without an identity all arguments are the content, in any order of their names."""
    assert replace(POST, args=dict(reversed(POST.args.items()))).key == POST.key
    assert replace(POST, args={**POST.args, "memo": "b"}).key != POST.key


def test_key_and_digest_do_not_depend_on_what_became_of_it() -> None:
    """Status, approval, author and result change neither key nor digest."""
    later = replace(
        BY_IDENTITY, status="done", approved="x", again=True, by="policy", result={"a": 1}, agent="a", basis={"t": 2}
    )
    assert (later.key, later.digest) == (BY_IDENTITY.key, BY_IDENTITY.digest)


def test_key_and_digest_are_long_and_different() -> None:
    """Both are SHA-256 in hexadecimal."""
    assert len(BY_IDENTITY.key) == len(BY_IDENTITY.digest) == 64
    assert BY_IDENTITY.key != BY_IDENTITY.digest
