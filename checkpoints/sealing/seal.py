"""Seal: the authenticated encryption of what is stored."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ...contracts import DatabaseError, missing_extra
from .key import FIX, read_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["VARIABLE", "Keyring", "Plain", "Sealer", "is_sealed"]

VARIABLE = "QUORATE_KEYS"
"""The environment variable that holds the keys."""

_MARK = b"\xc1"  # neither MessagePack nor UTF-8 has this byte, and zstd's frames begin with another
_ESCAPED = _MARK + b"\x00"
_SEALED = _MARK + b"\x01"
_KEY_ID = 6
_HEADER = len(_SEALED) + _KEY_ID
_NONCE = 12
_TEXT = _HEADER + _NONCE
_SHORTEST = _TEXT + 16  # the tag


class Sealer(Protocol):
    """What stands between a store and the bytes that it stores."""

    @property
    def encrypts(self) -> bool:
        """Whether rows are encrypted."""
        ...

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """The bytes to store.

        Args:
            plain: What the row says.
            context: What the row is: of which table, line and place. It is not stored.
        """
        ...

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What the row says.

        Raises:
            DatabaseError: `seal` did not give these bytes for this context.
        """
        ...

    def is_current(self, sealed: bytes) -> bool:
        """Whether the bytes are sealed as `seal` would do it today: with the newest key, or not at all."""
        ...

    def names_of(self, text: str) -> tuple[str, ...]:
        """The names under which rows of `text` may stand. New rows are stored under the first."""
        ...


class Plain:
    """The sealer of a database that is not encrypted: bytes stay as they are, names too."""

    encrypts = False

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """`plain` itself; after 0xC1 0x00 if it begins with 0xC1, by which `open` tells a sealed row."""
        return _ESCAPED + plain if plain.startswith(_MARK) else plain

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was stored.

        Raises:
            DatabaseError: The row is sealed.
        """
        if not sealed.startswith(_MARK):
            return sealed
        if sealed.startswith(_ESCAPED):
            return sealed[len(_ESCAPED) :]
        if sealed.startswith(_SEALED):
            raise DatabaseError(
                "stored row",
                got=f"a sealed row: this database is encrypted, with the key {_id_of(sealed)}",
                expected=f"that key in {VARIABLE}",
                fix=f"set {VARIABLE}",
            )
        raise _strange(sealed)

    def is_current(self, sealed: bytes) -> bool:
        """Whether the bytes are not sealed."""
        return not is_sealed(sealed)

    def names_of(self, text: str) -> tuple[str, ...]:
        """The text itself."""
        return (text,)


class Keyring:
    """The sealer of an encrypted database: AES-256-GCM, the first key to seal, all keys to open.

    A sealed row is `0xC1 0x01 || key id (6) || nonce (12) || ciphertext || tag (16)`: 36 bytes more than the plain
    one. The first 8 bytes with the context are its associated data. The nonce is random; take a new key before one
    has sealed 2**32 rows. The key itself seals nothing: HKDF-SHA-256 derives from it one key for rows, one for
    names, and the id, by which `open` finds the right key.

    To rotate, put a new key first. An old one must stay until no row is sealed with it.

    Args:
        keys: At least one key, each of 32 bytes.
        where: Where the keys come from, for messages.

    Raises:
        DatabaseError: There is no key, or one is of another length.
        QuorateError: The extra `security` is not installed.
    """

    encrypts = True

    def __init__(self, keys: Iterable[bytes], where: str = "keys") -> None:
        subkeys = [_subkeys(key, where) for key in keys]
        if not subkeys:
            raise DatabaseError(where, got="no key", expected="at least one", fix=FIX)
        self._keys = {key.header: key for key in subkeys}
        self._newest = subkeys[0]
        from cryptography.exceptions import InvalidTag

        self._forged = InvalidTag

    @classmethod
    def parse(cls, text: str, where: str = "keys") -> Keyring:
        """The keyring of a text: keys in base64url or `@path`, between commas or line ends, the newest first.

        Raises:
            DatabaseError: There is no key, one is of another form, or a file cannot be read.
            QuorateError: The extra `security` is not installed.
        """
        return cls(read_keys(text, where), where)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Keyring | None:
        """The keyring of the variable QUORATE_KEYS, or None where it is not set.

        A variable that is set, but empty, is an error: a secret that is missing must not turn encryption off.

        Raises:
            DatabaseError: As `parse` does.
            QuorateError: The extra `security` is not installed.
        """
        text = (os.environ if environment is None else environment).get(VARIABLE)
        return None if text is None else cls.parse(text, VARIABLE)

    @property
    def ids(self) -> tuple[str, ...]:
        """The id of each key, 12 hexadecimal digits, the newest first. An id tells nothing of its key."""
        return tuple(map(_id_of, self._keys))

    def __repr__(self) -> str:
        return f"Keyring(ids={self.ids})"

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """The row, sealed with the newest key; it opens with the same context alone."""
        key = self._newest
        nonce = os.urandom(_NONCE)
        return b"".join((key.header, nonce, key.rows.encrypt(nonce, plain, key.header + context)))

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed.

        Raises:
            DatabaseError: The row is in plaintext, sealed with a key that is not here, changed, or moved.
        """
        header = sealed[:_HEADER]
        key = self._keys.get(header)
        if key is None:
            raise self._refusal(sealed)
        if len(sealed) < _SHORTEST:
            raise _changed()
        try:
            return key.rows.decrypt(sealed[_HEADER:_TEXT], sealed[_TEXT:], header + context)
        except self._forged:
            raise _changed() from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the bytes are sealed with the newest key."""
        return sealed.startswith(self._newest.header)

    def name_of(self, text: str) -> str:
        """The name under which rows of `text` are stored: its HMAC-SHA-256, 64 hexadecimal digits."""
        return self._newest.name_of(text)

    def names_of(self, text: str) -> tuple[str, ...]:
        """The name of `text` by each key, the newest first: older rows stand under older names."""
        return tuple([key.name_of(text) for key in self._keys.values()])

    def _refusal(self, sealed: bytes) -> DatabaseError:
        if not sealed.startswith(_MARK) or sealed.startswith(_ESCAPED):
            return DatabaseError(
                "stored row",
                got="a plaintext row",
                expected=f"a row sealed with a key of {VARIABLE}",
                fix=f"unset {VARIABLE} if this database was never encrypted; else find out who wrote to it, and go on "
                "from a backup",
            )
        if not sealed.startswith(_SEALED) or len(sealed) < _HEADER:
            return _strange(sealed)
        return DatabaseError(
            "stored row",
            got=f"a row sealed with an unknown key, of the id {_id_of(sealed)}",
            expected=f"a key of {VARIABLE}: {', '.join(self.ids)}",
            fix=f"add that key to the end of {VARIABLE}",
        )


@dataclass(frozen=True, slots=True)
class _Subkeys:
    """What is derived from one key."""

    header: bytes
    rows: AESGCM = field(repr=False)
    names: bytes = field(repr=False)

    def name_of(self, text: str) -> str:
        return hmac.digest(self.names, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def _subkeys(key: bytes, where: str) -> _Subkeys:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ModuleNotFoundError as error:
        raise missing_extra(error.name or "cryptography", "security", where) from error

    def derive(purpose: str, length: int) -> bytes:
        return HKDF(SHA256(), length, salt=None, info=f"quorate {purpose} 1".encode()).derive(key)

    if len(key) != 32:
        raise DatabaseError(where, got=f"a key of {len(key)} bytes", expected="32 bytes", fix=FIX)
    return _Subkeys(_SEALED + derive("key id", _KEY_ID), AESGCM(derive("rows", 32)), derive("names", 32))


def is_sealed(sealed: bytes) -> bool:
    """Whether stored bytes are sealed, with whatever key."""
    return sealed.startswith(_SEALED)


def _id_of(sealed: bytes) -> str:
    return sealed[len(_SEALED) : _HEADER].hex()


def _changed() -> DatabaseError:
    return DatabaseError(
        "stored row",
        got="a row that was changed, cut or moved here from another place",
        expected="a row as it was sealed, in its own place",
        fix="find out who wrote to this database, and go on from a backup",
    )


def _strange(sealed: bytes) -> DatabaseError:
    form = sealed[1:2]
    if not form or form in _SEALED:
        return _changed()
    return DatabaseError(
        "stored row",
        got=f"a row of the form {form.hex()}",
        expected="form 01, which is all that this quorate reads",
        fix="update quorate if a newer one wrote to this database; else go on from a backup",
    )
