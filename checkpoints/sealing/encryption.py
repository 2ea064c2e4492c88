"""Encryption: what a database remembers of how its rows are sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...contracts import DatabaseError
from .seal import VARIABLE, Keyring, Plain, Sealer, is_sealed

__all__ = ["ENCRYPTION", "Encryption", "Transition", "admit"]

ENCRYPTION = "encryption"
"""The name under which a database remembers it, in the table quorate_meta."""

State = Literal["plain", "sealed", "sealing", "opening"]
"""`sealing`: a database in plaintext is being encrypted; `opening`: an encrypted one is being decrypted."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """How the rows of a database are sealed."""

    state: State = "plain"
    """Whether they are."""
    ids: tuple[str, ...] = ()
    """Ids of the keys that they may be sealed with, the newest first."""

    @classmethod
    def parse(cls, text: str | None, shown: str) -> Encryption:
        """What a database remembers.

        Raises:
            DatabaseError: It is nothing that quorate wrote.
        """
        state, *ids = (text or "plain").split()
        if state == "plain" and not ids:
            return cls()
        for known in ("sealed", "sealing", "opening"):
            if state == known and ids:
                return cls(known, tuple(ids))
        raise DatabaseError(
            f"{shown}, table quorate_meta",
            got=f"encryption {text!r}",
            expected="a state, and ids of keys",
            fix="restore the row `encryption` from a backup",
        )

    def __str__(self) -> str:
        return " ".join((self.state, *self.ids))

    @property
    def text(self) -> str | None:
        """What the database is to remember; None where that is nothing."""
        return None if self.state == "plain" else str(self)


class Transition:
    """The sealer of a database that is being encrypted or decrypted: it seals as the one does, and opens as both do.

    Args:
        keyring: What seals, or did.
        encrypt: Whether the database is being encrypted.
    """

    def __init__(self, keyring: Keyring, *, encrypt: bool) -> None:
        self._keyring, self._plain = keyring, Plain()
        self.encrypts = encrypt
        self._to: Sealer = keyring if encrypt else self._plain

    @property
    def ids(self) -> tuple[str, ...]:
        """The id of each key."""
        return self._keyring.ids

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """The bytes to store."""
        return self._to.seal(plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What the row says, sealed or not.

        Raises:
            DatabaseError: The row is sealed with a key that is not here, changed, or moved.
        """
        return (self._keyring if is_sealed(sealed) else self._plain).open(sealed, context)

    def is_current(self, sealed: bytes) -> bool:
        """Whether the bytes are as they are to be in the end."""
        return self._to.is_current(sealed)

    def names_of(self, text: str) -> tuple[str, ...]:
        """The names under which rows of `text` may stand."""
        return tuple(dict.fromkeys((*self._to.names_of(text), *self._keyring.names_of(text), text)))


def admit(found: Encryption, sealer: Sealer, *, empty: bool, shown: str) -> Encryption:
    """How a database is sealed from now on, if it may be opened with a sealer.

    Args:
        found: How it is sealed.
        sealer: The sealer.
        empty: Whether it has nothing yet that would be sealed.
        shown: How errors call it.

    Raises:
        DatabaseError: It is encrypted, and a key is missing; or it is not, and there are keys.
    """
    if isinstance(sealer, Transition):
        _check_keys(found, sealer.ids, shown)
        ids = tuple(dict.fromkeys((*sealer.ids, *found.ids)))
        return Encryption("sealing" if sealer.encrypts else "opening", ids)
    if found.state in ("sealing", "opening"):
        way = "encrypt" if found.state == "sealing" else "decrypt"
        raise DatabaseError(
            shown,
            got=f"a database that is being {way}ed",
            expected="one that is wholly encrypted, or not at all",
            fix=f"wait until that has ended; if it was stopped, go on with it: quorate keys rotate --{way}",
        )
    if not isinstance(sealer, Keyring):
        if found.state == "plain":
            return found
        raise DatabaseError(
            shown,
            got=f"an encrypted database, sealed with the key {' and '.join(found.ids)}",
            expected=f"that key in {VARIABLE}",
            fix=f"set {VARIABLE}",
        )
    if found.state == "plain" and not empty:
        raise DatabaseError(
            shown,
            got=f"a database in plaintext, and keys in {VARIABLE}",
            expected="a new database, or an encrypted one",
            fix=f"unset {VARIABLE}, or encrypt the database: quorate keys rotate --encrypt",
        )
    _check_keys(found, sealer.ids, shown)
    newest = sealer.ids[0]
    return found if newest in found.ids else Encryption("sealed", (newest, *found.ids))


def _check_keys(found: Encryption, ids: tuple[str, ...], shown: str) -> None:
    missing = [each for each in found.ids if each not in ids]
    if missing:
        raise DatabaseError(
            shown,
            got=f"a database that is sealed with the key {' and '.join(missing)}, and only the key {' and '.join(ids)}",
            expected=f"every key that it is sealed with in {VARIABLE}",
            fix=f"add that key to the end of {VARIABLE}; quorate keys rotate makes an old one unnecessary",
        )
