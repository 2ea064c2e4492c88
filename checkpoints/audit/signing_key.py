"""SigningKey: the PEM form of the Ed25519 keys that sign audit heads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...contracts import DatabaseError, QuorateError, missing_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["generate_signing_key", "load_private_key", "load_public_key"]

_LABEL = re.compile(rb"^-----BEGIN ([A-Z0-9 ]{1,40})-----", re.MULTILINE)
_PRIVATE = "an Ed25519 private key: PEM, PKCS #8 ('PRIVATE KEY'), not encrypted"
_PUBLIC = "an Ed25519 public key: PEM ('PUBLIC KEY')"


def generate_signing_key() -> tuple[str, str]:
    """A new Ed25519 key as PEM text: the private key (PKCS #8, not encrypted), the public key.

    Raises:
        QuorateError: The extra `security` is not installed.
    """
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ModuleNotFoundError as error:
        raise _missing(error, "signing key") from error

    key = Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file.

    Raises:
        DatabaseError: The file cannot be read, or holds something else: a public key, a key of another kind, one
            that is encrypted.
        QuorateError: The extra `security` is not installed.
    """
    where = f"signing key {path}"
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ModuleNotFoundError as error:
        raise _missing(error, where) from error

    data = _read(path, where, _PRIVATE)
    encrypted = b"ENCRYPTED" in data  # also the header of the older PEM form
    try:
        key = None if encrypted else load_pem_private_key(data, password=None)
    except Exception:  # of several kinds; what they say may quote the file
        key = None
    if isinstance(key, Ed25519PrivateKey):
        return key
    fix = f"decrypt it with: openssl pkey -in {path} -out new.pem" if encrypted else "name the file of the private key"
    raise DatabaseError(where, got=_kind(data, key, encrypted), expected=_PRIVATE, fix=fix)


def load_public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file.

    Raises:
        DatabaseError: The file cannot be read, or holds something else: a private key, a certificate, a key of
            another kind.
        QuorateError: The extra `security` is not installed.
    """
    where = f"public key {path}"
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ModuleNotFoundError as error:
        raise _missing(error, where) from error

    data = _read(path, where, _PUBLIC)
    try:
        key = load_pem_public_key(data)
    except Exception:  # of several kinds; what they say may quote the file
        key = None
    if isinstance(key, Ed25519PublicKey):
        return key
    fix = "name the file of the public key; openssl pkey -pubout makes it from the private key"
    raise DatabaseError(where, got=_kind(data, key, False), expected=_PUBLIC, fix=fix)


def _read(path: Path, where: str, expected: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        problem = error.strerror or type(error).__name__
        fix = "correct the path, or the file's rights"
        raise DatabaseError(where, got=problem, expected=expected, fix=fix) from error


def _kind(data: bytes, key: object, encrypted: bool) -> str:
    """What a file holds, in words that show nothing of it."""
    label = _LABEL.search(data)
    if label is None:
        return "no PEM"
    kind = f"PEM of the kind '{label[1].decode()}'"
    if encrypted:
        return f"an encrypted key, {kind}"
    return f"{kind} that cannot be read" if key is None else f"{kind}, {type(key).__name__}"


def _missing(error: ModuleNotFoundError, where: str) -> QuorateError:
    return missing_extra(error.name or "cryptography", "security", where)
