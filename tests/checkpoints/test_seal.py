from __future__ import annotations

import base64
import hashlib
import hmac
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.error_text import words

from quorate.checkpoints.sealing.seal import Keyring, Plain, Sealer
from quorate.contracts import DatabaseError

pytest.importorskip("cryptography", reason="the extra 'security' is not installed")

OLD, NEW, OTHER = (bytes([number]) * 32 for number in (1, 2, 3))
KEYRING = Keyring([NEW, OLD])
ROW = b"what a person put in"
PLACE = b"checkpoints\0thread\0\x07"
SEALED = KEYRING.seal(ROW, PLACE)


@given(st.binary(max_size=400), st.binary(max_size=60), st.sampled_from([KEYRING, Keyring([OTHER]), Plain()]))
def test_round_trip(plain: bytes, context: bytes, sealer: Sealer) -> None:
    """What was sealed opens as it was, whatever it is, encrypted or not."""
    assert sealer.open(sealer.seal(plain, context), context) == plain


@pytest.mark.parametrize(
    "plain", [b"", b"\xc1", b"\xc1\x00", b"\xc1\x01key id and so on", pytest.param(SEALED, id="sealed")]
)
def test_a_plain_row_may_look_like_a_sealed_one(plain: bytes) -> None:
    """Without encryption, bytes that begin as a sealed row does still come back as they were."""
    assert Plain().open(Plain().seal(plain, b""), b"") == plain


def test_plain_adds_nothing() -> None:
    """Without encryption a row is stored as it is, and a name too."""
    assert Plain().seal(ROW, PLACE) is ROW
    assert Plain().names_of("thread") == ("thread",)


def test_form() -> None:
    """A sealed row is 36 bytes longer, and has nothing of the plain one."""
    assert len(SEALED) == len(ROW) + 36
    assert SEALED[:8] == b"\xc1\x01" + bytes.fromhex(KEYRING.ids[0])
    assert not any(ROW[at : at + 4] in SEALED for at in range(len(ROW) - 3))


def test_known_row() -> None:
    """A row that was sealed once opens for ever: the form and the derived keys do not change."""
    row = bytes.fromhex("c1017698a6b70ea04403b40934a68b4d731f6378cb3c7efdb94233fff4161a3e0fc709d434bf62d089")
    assert Keyring([OLD]).open(row, b"place") == b"known"


def test_form_by_hand() -> None:
    """A row opens by AES-256-GCM with a key that HKDF-SHA-256 derives; its header and context are authenticated."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    extracted = hmac.digest(bytes(32), NEW, "sha256")
    key = hmac.digest(extracted, b"quorate rows 1\x01", "sha256")
    assert AESGCM(key).decrypt(SEALED[8:20], SEALED[20:], SEALED[:8] + PLACE) == ROW
    names = hmac.digest(extracted, b"quorate names 1\x01", "sha256")
    assert KEYRING.name_of("thread") == hmac.new(names, b"thread", hashlib.sha256).hexdigest()


def test_sealed_anew_each_time() -> None:
    """The same row, sealed twice, is stored as different bytes: equal rows cannot be told."""
    rows = {KEYRING.seal(ROW, PLACE) for _ in range(1000)}
    assert len(rows) == 1000
    assert len({row[8:20] for row in rows}) == 1000


def test_rotation() -> None:
    """After a new key was put first, it seals; rows of the old one open for as long as that stays."""
    before = Keyring([OLD]).seal(ROW, PLACE)
    assert KEYRING.open(before, PLACE) == ROW
    after = KEYRING.seal(ROW, PLACE)
    assert Keyring([NEW]).open(after, PLACE) == ROW
    with pytest.raises(DatabaseError, match=f"unknown key, of the id {Keyring([OLD]).ids[0]}.*{KEYRING.ids[0]}"):
        Keyring([NEW]).open(before, PLACE)


def test_the_same_key_twice_is_one_key() -> None:
    """A key that is given twice counts once, so that both places of a rotation may hold it at first."""
    keyring = Keyring([NEW, OLD, NEW])
    assert keyring.ids == KEYRING.ids
    assert keyring.open(SEALED, PLACE) == ROW


@given(st.binary(max_size=60).filter(lambda context: context != PLACE))
def test_a_moved_row_is_refused(context: bytes) -> None:
    """A row that stands in another place than it was sealed for does not open."""
    with pytest.raises(DatabaseError, match="changed, cut or moved"):
        KEYRING.open(SEALED, context)


def test_bytes_cannot_change_sides() -> None:
    """The start of the context cannot pass for the end of the header, nor the other way round."""
    with pytest.raises(DatabaseError):
        KEYRING.open(SEALED[:7] + SEALED[8:], SEALED[7:8] + PLACE)
    with pytest.raises(DatabaseError):
        KEYRING.open(SEALED[:8] + PLACE[:1] + SEALED[8:], PLACE[1:])


def test_a_flipped_bit_is_refused() -> None:
    """A row with one changed bit, wherever it is, is refused."""
    for position in range(len(SEALED)):
        for bit in range(8):
            changed = bytearray(SEALED)
            changed[position] ^= 1 << bit
            with pytest.raises(DatabaseError, match=r"stored row: .*(changed|plaintext|unknown key|form)"):
                KEYRING.open(bytes(changed), PLACE)


def test_another_known_key_in_the_header_is_refused() -> None:
    """A row does not open under the id of another key of the ring."""
    with pytest.raises(DatabaseError, match="changed, cut or moved"):
        KEYRING.open(b"\xc1\x01" + bytes.fromhex(KEYRING.ids[1]) + SEALED[8:], PLACE)


def test_a_cut_row_is_refused() -> None:
    """A row of which bytes are missing, or to which some were added, is refused."""
    for length in range(len(SEALED)):
        for part in (SEALED[:length], SEALED[len(SEALED) - length :]):
            with pytest.raises(DatabaseError, match="stored row"):
                KEYRING.open(part, PLACE)
    for longer in (SEALED + b"\0", SEALED + SEALED, b"\xc1" + SEALED):
        with pytest.raises(DatabaseError, match="stored row"):
            KEYRING.open(longer, PLACE)


@pytest.mark.parametrize(
    "plain",
    [b"", ROW, b"\x80", b'{"a": 1}', b"\x28\xb5\x2f\xfd", pytest.param(Plain().seal(SEALED, b""), id="escaped")],
)
def test_plaintext_is_refused(plain: bytes) -> None:
    """A row in plaintext is refused where there are keys, and called so."""
    with pytest.raises(DatabaseError, match="a plaintext row"):
        KEYRING.open(plain, PLACE)


@pytest.mark.parametrize("sealer", [KEYRING, Plain()])
def test_a_later_form_is_refused(sealer: Sealer) -> None:
    """A row of a form that is not known yet is refused, and named."""
    with pytest.raises(DatabaseError, match=r"form 02.*update quorate"):
        sealer.open(b"\xc1\x02" + SEALED[2:], PLACE)
    with pytest.raises(DatabaseError, match="changed, cut or moved"):
        sealer.open(b"\xc1", PLACE)


def test_an_encrypted_database_without_keys() -> None:
    """A sealed row is refused where there are no keys, with the variable to set and the id of the key."""
    with pytest.raises(DatabaseError, match=f"encrypted, with the key {KEYRING.ids[0]}.*Fix: set QUORATE_KEYS"):
        Plain().open(SEALED, PLACE)


@given(st.text(), st.text())
def test_names(text: str, other: str) -> None:
    """A name is one of 64 digits for each key, newest first; equal for equal texts alone."""
    names = KEYRING.names_of(text)
    assert names == (Keyring([NEW]).name_of(text), Keyring([OLD]).name_of(text))
    assert KEYRING.name_of(text) == names[0]
    assert (names == KEYRING.names_of(other)) == (text == other)
    assert {len(name) for name in names} == {64}


def test_a_name_of_half_a_surrogate_pair() -> None:
    """Text that is no valid Unicode has a name too."""
    assert KEYRING.name_of("\ud800") != KEYRING.name_of("\ud801")


def test_threads_share_a_keyring() -> None:
    """Threads that seal and open with one keyring at the same time do not disturb each other."""

    def work(number: int) -> bool:
        rows = [b"%d %d" % (number, at) * 50 for at in range(300)]
        sealed = [KEYRING.seal(row, b"%d" % number) for row in rows]
        return [KEYRING.open(row, b"%d" % number) for row in sealed] == rows

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(8)))


@given(st.binary(min_size=32, max_size=32))
def test_nothing_shows_a_key(key: bytes) -> None:
    """Neither the repr of a keyring nor any error of it shows a key or one that was derived."""
    keyring = Keyring([key])
    shown = repr(keyring) + str(keyring) + repr(vars(keyring))
    for row in (SEALED, b"", b"\xc1", keyring.seal(ROW, b"")):
        with pytest.raises(DatabaseError) as error:
            keyring.open(row, PLACE)
        shown += words(error.value)
    derived = keyring._newest.names
    for secret in (key, derived):
        forms = (repr(secret), repr(secret)[2:-1], secret.hex(), base64.urlsafe_b64encode(secret).decode().rstrip("="))
        assert not any(form in shown for form in forms)


def test_a_keyring_is_not_copied_out() -> None:
    """A keyring cannot be pickled, so that no queue or cache stores its keys."""
    with pytest.raises(TypeError):
        pickle.dumps(KEYRING)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length(length: int) -> None:
    """A key that is not of 32 bytes is refused."""
    with pytest.raises(DatabaseError, match=f"keys: got a key of {length} bytes; expected 32 bytes"):
        Keyring([NEW, bytes(length)])


def test_no_keys() -> None:
    """A keyring without keys is refused."""
    with pytest.raises(DatabaseError, match="no key"):
        Keyring([])


def test_missing_extra_is_named() -> None:
    """Without cryptography a keyring is an error that names the extra; the plain sealer works."""
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from quorate.checkpoints.sealing.seal import Keyring, Plain\n"
        "assert Plain().open(Plain().seal(b'row', b''), b'') == b'row'\n"
        "Keyring.from_environment({'QUORATE_KEYS': 'A' * 43})"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "QuorateError: QUORATE_KEYS: got no module named 'cryptography" in child.stderr
    assert "pip install 'quorate[security]'" in child.stderr
