"""`quorate keys`: making keys, and sealing a database anew."""

from __future__ import annotations

import pytest
from tests.command.desk import Desk

pytest.importorskip("cryptography", reason="the extra security is not installed")


@pytest.fixture
def filled(desk: Desk) -> Desk:
    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", status=0)
    return desk


def new_key(desk: Desk) -> str:
    (key,) = desk("keys", "new", status=0).out.split()
    return key


def on_one_line(text: str) -> str:
    return " ".join(text.split())


def in_file(desk: Desk, text: bytes) -> bool:
    # The table that the desk's effects write to is the desk's own, and stays in plaintext.
    return any(text in path.read_bytes() for path in desk.folder.glob("quorate.db*"))


def test_a_database_is_encrypted_rotated_and_decrypted(filled: Desk) -> None:
    """The commands take a database from plaintext to a key, to another, and back; the threads are always there."""
    first, second = new_key(filled), new_key(filled)
    assert first != second
    (line,) = filled("threads", "--json", status=0).lines
    thread = str(line["thread"]).encode()
    filled.environment["QUORATE_KEYS"] = first
    assert "rotate --encrypt" in on_one_line(filled("threads", status=2).err)
    assert in_file(filled, thread)
    done = filled("keys", "rotate", "--encrypt", status=0)
    assert "sealed with the key" in done.out
    assert "projected tables stay in plaintext" in done.err
    assert not in_file(filled, thread)
    assert len(filled("threads", "--json", status=0).lines) == 1
    filled("audit", "verify", status=0)

    filled.environment["QUORATE_KEYS"] = f"{second},{first}"
    out = filled("keys", "rotate", status=0).out
    assert "no longer needed here: " in out
    filled.environment["QUORATE_KEYS"] = first
    assert "add that key to the end of QUORATE_KEYS" in on_one_line(filled("threads", status=2).err)
    filled.environment["QUORATE_KEYS"] = second
    assert "0 rows changed" in filled("keys", "rotate", status=0).out
    assert filled("run", "desk", "a.txt", "--json", status=0).lines[0]["status"] == "settled"

    assert "in plaintext" in filled("keys", "rotate", "--decrypt", status=0).out
    del filled.environment["QUORATE_KEYS"]
    assert len(filled("threads", "--json", status=0).lines) == 1
    filled("audit", "verify", status=0)


def test_an_encryption_that_was_stopped_goes_on(filled: Desk) -> None:
    """A database whose encryption was stopped says so, until the same is run again."""
    from quorate.checkpoints.address import Address
    from quorate.checkpoints.conversion import open_to_convert
    from quorate.checkpoints.sealing.seal import Keyring

    key = new_key(filled)
    address = Address.parse(f"sqlite:///{filled.folder / 'quorate.db'}")
    with open_to_convert(address, Keyring.parse(key), encrypt=True):
        pass
    assert "being encrypted" in filled("threads", status=2).err
    filled.environment["QUORATE_KEYS"] = key
    assert "rotate --encrypt" in on_one_line(filled("threads", status=2).err)
    filled("keys", "rotate", "--encrypt", status=0)
    assert len(filled("threads", "--json", status=0).lines) == 1


def test_wrong_calls(filled: Desk) -> None:
    """Without a key, with both ways at once, or where no database is, nothing is done."""
    assert "quorate keys new" in on_one_line(filled("keys", "rotate", status=2).err)
    filled.environment["QUORATE_KEYS"] = new_key(filled)
    filled("keys", "rotate", "--encrypt", "--decrypt", status=2)
    assert "no file" in filled("keys", "rotate", "--encrypt", "--db", "sqlite:///none.db", status=2).err
    assert not (filled.folder / "none.db").exists()
