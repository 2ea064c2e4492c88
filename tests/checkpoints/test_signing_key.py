from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from quorate.checkpoints.audit.signing_key import generate_signing_key, load_private_key, load_public_key
from quorate.contracts import DatabaseError

pytest.importorskip("cryptography", reason="the extra 'security' is not installed")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
BARE = serialization.NoEncryption()
PRIVATE, PUBLIC = generate_signing_key()
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())
ED25519 = Ed25519PrivateKey.generate()


def private_pem(encryption: serialization.KeySerializationEncryption) -> bytes:
    return ED25519.private_bytes(PEM, PKCS8, encryption)


def old_form(encryption: serialization.KeySerializationEncryption) -> bytes:
    return ELLIPTIC.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, encryption)


def public_pem() -> bytes:
    return ELLIPTIC.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def openssh() -> bytes:
    return ED25519.private_bytes(PEM, serialization.PrivateFormat.OpenSSH, BARE)


PASSWORD = serialization.BestAvailableEncryption(b"hunter2")
CUT = PRIVATE.encode().replace(b"MC4", b"M", 1)


def test_a_generated_pair_is_loaded(tmp_path: Path) -> None:
    """The private key of a generated pair is loaded, and its public key is the other of the pair."""
    (tmp_path / "private.pem").write_text(PRIVATE)
    (tmp_path / "public.pem").write_text(PUBLIC)
    public = load_public_key(tmp_path / "public.pem")
    assert load_private_key(tmp_path / "private.pem").public_key() == public
    assert generate_signing_key()[1] != PUBLIC


@pytest.mark.parametrize(
    "content, got",
    [
        (private_pem(PASSWORD), r"an encrypted key, PEM of the kind 'ENCRYPTED PRIVATE KEY'.*openssl pkey -in"),
        (old_form(PASSWORD), r"an encrypted key, PEM of the kind 'EC PRIVATE KEY'"),
        (old_form(BARE), r"PEM of the kind 'EC PRIVATE KEY', EC"),
        (ELLIPTIC.private_bytes(PEM, PKCS8, BARE), r"PEM of the kind 'PRIVATE KEY', EC"),
        (openssh(), "PEM of the kind 'OPENSSH PRIVATE KEY' that cannot be read"),
        (PUBLIC.encode(), r"PEM of the kind 'PUBLIC KEY' that cannot be read.*name the file of the private key"),
        (CUT, "PEM of the kind 'PRIVATE KEY' that cannot be read"),
        (b"", "no PEM"),
        pytest.param(ED25519.private_bytes_raw(), "no PEM", id="raw"),
    ],
)
def test_what_is_no_private_key(tmp_path: Path, content: bytes, got: str) -> None:
    """What is no Ed25519 private key in the clear is refused with its kind, and nothing of it is shown."""
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(DatabaseError, match=f"signing key .*key.pem: got {got}") as error:
        load_private_key(path)
    lines = [line for line in content.splitlines() if line and not line.startswith(b"-----")]
    shown = str(error.getrepr(style="short"))
    assert not any(line.decode("latin-1") in shown for line in lines)


@pytest.mark.parametrize(
    "content, got",
    [
        (PRIVATE.encode(), r"PEM of the kind 'PRIVATE KEY' that cannot be read.*openssl pkey -pubout"),
        (public_pem(), r"PEM of the kind 'PUBLIC KEY', EC"),
        (PUBLIC.replace("PUBLIC KEY", "CERTIFICATE").encode(), "PEM of the kind 'CERTIFICATE' that cannot be read"),
        (b"ssh-ed25519 AAAA", "no PEM"),
    ],
)
def test_what_is_no_public_key(tmp_path: Path, content: bytes, got: str) -> None:
    """What is no Ed25519 public key is refused with its kind; a private key is not taken for it."""
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(DatabaseError, match=f"public key .*key.pem: got {got}") as error:
        load_public_key(path)
    assert PRIVATE.splitlines()[1] not in str(error.getrepr(style="short"))


@pytest.mark.parametrize("load", [load_private_key, load_public_key])
def test_a_missing_file(tmp_path: Path, load: object) -> None:
    """A file that is missing is an error that says so."""
    assert callable(load)
    with pytest.raises(DatabaseError, match=r"none\.pem: got No such file or directory.*correct the path"):
        load(tmp_path / "none.pem")


def test_missing_extra_is_named() -> None:
    """Without cryptography a signing key is an error that names the extra."""
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from quorate.checkpoints.audit.signing_key import generate_signing_key; generate_signing_key()"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'quorate[security]'" in child.stderr
