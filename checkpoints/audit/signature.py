"""Signature: the document of a database's audit heads, and the signature under it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ...contracts import DatabaseError, missing_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["Head", "SignedHeads", "read_heads", "sign", "unsigned", "verify"]

_WHERE = "signed heads"
_FORMAT = 1
_PURPOSE = b"quorate signed heads\n"  # so that the key's signature under something else is none under heads
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of one line's audit chain at one time.

    Raises:
        ValueError: A value is out of its range.
    """

    thread: str
    """The thread's name."""
    namespace: str
    """The checkpoint namespace: empty for the graph itself, else that of a subgraph."""
    checkpoint_id: str
    """The newest checkpoint."""
    digest: str
    """The digest of the line's last event: 64 hexadecimal digits, which hold for all events before it."""
    events: int
    """The number of events in the line, from 1."""
    at: str
    """When the head was read: ISO 8601 with the offset from UTC."""

    def __post_init__(self) -> None:
        if not all(isinstance(text, str) for text in (self.thread, self.namespace, self.checkpoint_id, self.at)):
            raise ValueError("thread, namespace, checkpoint_id and at must be text")
        if not isinstance(self.digest, str) or len(self.digest) != 64 or not _HEX.fullmatch(self.digest):
            raise ValueError("digest must be 64 lower-case hexadecimal digits")
        if type(self.events) is not int or not 1 <= self.events < 2**63:
            raise ValueError("events must be a whole number from 1")
        if datetime.fromisoformat(self.at).tzinfo is None:
            raise ValueError("at must have an offset from UTC")


@dataclass(frozen=True, slots=True)
class SignedHeads:
    """Heads, with the signature under all of them."""

    heads: tuple[Head, ...]
    """At most one of each line, by thread, then by namespace."""
    public_key: str
    """The Ed25519 public key of the signer: 64 hexadecimal digits."""
    signature: str
    """The Ed25519 signature: 128 hexadecimal digits."""

    def to_json(self) -> str:
        """The document: one line of ASCII, the one form of this content that `verify` takes."""
        return _canonical({**_body(self.heads, self.public_key), "signature": self.signature})


def sign(heads: Iterable[Head], private_key: Ed25519PrivateKey) -> SignedHeads:
    """The heads in their order, signed.

    The signature is under `quorate signed heads`, a line end, and the document's JSON without its signature:
    keys sorted, no spaces, ASCII.

    Raises:
        DatabaseError: Two heads are of one line.
    """
    ordered = _checked(heads)
    public_key = private_key.public_key().public_bytes_raw().hex()
    return SignedHeads(ordered, public_key, private_key.sign(_message(ordered, public_key)).hex())


def unsigned(heads: Iterable[Head]) -> str:
    """The document of heads without a signature: it proves as much as the place where it is kept.

    Raises:
        DatabaseError: Two heads are of one line.
    """
    return _canonical({"format": _FORMAT, "heads": [asdict(head) for head in _checked(heads)]})


def read_heads(document: str, public_key: Ed25519PublicKey | None) -> tuple[tuple[Head, ...], str | None]:
    """The heads of a document, signed or not, and the public key of the signer; None where it is not signed.

    Args:
        document: What `SignedHeads.to_json` or `unsigned` gave. A line end may follow.
        public_key: As in `verify`; with one, a document that is not signed is refused.

    Raises:
        DatabaseError: As `verify` does, or nobody signed it.
        QuorateError: It is signed, and the extra `security` is not installed.
    """
    text = document.removesuffix("\n").removesuffix("\r")
    data = _object(text)
    if "signature" in data or "public_key" in data:
        signed = verify(document, public_key)
        return signed.heads, signed.public_key
    if public_key is not None:
        raise _refused("a document that nobody signed", f"one that {public_key.public_bytes_raw().hex()} signed")
    if set(data) != {"format", "heads"}:
        raise _refused(f"the keys {', '.join(sorted(data)) or 'none'}", "format, heads")
    _check_format(data)
    heads = _heads(data["heads"])
    if unsigned(heads) != text:
        raise _refused("a document in another layout", "one line of JSON, keys sorted, no spaces, ASCII")
    return heads, None


def verify(document: str, public_key: Ed25519PublicKey | None) -> SignedHeads:
    """What a document says, after its signature was checked.

    Args:
        document: What `SignedHeads.to_json` gave. A line end may follow.
        public_key: The key of the signer that you trust. With None the document's own key is taken: that shows
            that the document is as it was signed, but not by whom.

    Raises:
        DatabaseError: The document was changed, cut or reformatted, is of another format, or another key signed it.
        QuorateError: The extra `security` is not installed.
    """
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ModuleNotFoundError as error:
        raise missing_extra(error.name or "cryptography", "security", _WHERE) from error

    text = document.removesuffix("\n").removesuffix("\r")
    signed = _parse(text)
    if public_key is not None and (trusted := public_key.public_bytes_raw().hex()) != signed.public_key:
        raise _refused(f"a document that {signed.public_key} signed", f"the key {trusted}")
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.public_key))
    try:
        key.verify(bytes.fromhex(signed.signature), _message(signed.heads, signed.public_key))
    except InvalidSignature:
        raise _refused("a signature that is not of this content", "the signature under these heads") from None
    return signed


def _parse(text: str) -> SignedHeads:
    data = _object(text)
    if set(data) != {"format", "heads", "public_key", "signature"}:
        raise _refused(f"the keys {', '.join(sorted(data)) or 'none'}", "format, heads, public_key, signature")
    _check_format(data)
    for name, digits in ("public_key", 64), ("signature", 128):
        if not isinstance(data[name], str) or len(data[name]) != digits or not _HEX.fullmatch(data[name]):
            raise _refused(f"another {name}", f"{digits} lower-case hexadecimal digits")
    signed = SignedHeads(_heads(data["heads"]), data["public_key"], data["signature"])
    if signed.to_json() != text:
        raise _refused("a document in another layout", "one line of JSON, keys sorted, no spaces, ASCII")
    return signed


def _check_format(data: dict[str, Any]) -> None:
    if data["format"] != _FORMAT:
        raise DatabaseError(
            _WHERE, got=f"format {data['format']!r}", expected=f"format {_FORMAT}", fix="update quorate, if it is older"
        )


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise _refused("no JSON object", "a whole document")
    return data


def _heads(data: object) -> tuple[Head, ...]:
    if not isinstance(data, list):
        raise _refused("heads that are no list", "a list of heads")
    names = {field.name for field in fields(Head)}
    heads = []
    for number, item in enumerate(data, 1):
        if not isinstance(item, dict) or set(item) != names:
            raise _refused(f"head {number} with other keys", ", ".join(sorted(names)))
        try:
            heads.append(Head(**item))
        except ValueError as error:
            raise _refused(f"head {number} with another value", str(error)) from error
    try:
        ordered = _ordered(heads)
    except ValueError as error:
        raise _refused(str(error), "at most one head of each line") from error
    if list(ordered) != heads:
        raise _refused("heads in another order", "the order of threads, then of namespaces")
    return ordered


def _checked(heads: Iterable[Head]) -> tuple[Head, ...]:
    """The heads in their order.

    Raises:
        DatabaseError: Two are of one line.
    """
    try:
        return _ordered(heads)
    except ValueError as error:
        raise DatabaseError(
            _WHERE, got=str(error), expected="at most one head of each line", fix="keep the newer one"
        ) from error


def _ordered(heads: Iterable[Head]) -> tuple[Head, ...]:
    ordered = sorted(heads, key=_line)
    for before, after in pairwise(ordered):
        if _line(before) == _line(after):
            raise ValueError(f"two heads of the thread {after.thread!r}, namespace {after.namespace!r}")
    return tuple(ordered)


def _line(head: Head) -> tuple[str, str]:
    return head.thread, head.namespace


def _body(heads: Iterable[Head], public_key: str) -> dict[str, Any]:
    return {"format": _FORMAT, "heads": [asdict(head) for head in heads], "public_key": public_key}


def _message(heads: Iterable[Head], public_key: str) -> bytes:
    return _PURPOSE + _canonical(_body(heads, public_key)).encode("ascii")


def _canonical(data: dict[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _refused(got: str, expected: str) -> DatabaseError:
    fix = "take the document as it was exported, and ask its signer if that is refused too"
    return DatabaseError(_WHERE, got=got, expected=expected, fix=fix)
