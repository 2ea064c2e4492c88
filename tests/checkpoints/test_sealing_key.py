from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.error_text import words

from quorate.checkpoints.sealing.key import generate_key, read_keys
from quorate.checkpoints.sealing.seal import Keyring
from quorate.contracts import DatabaseError

KEYS = [bytes([number]) * 32 for number in (1, 2, 3)]
FIRST, SECOND, THIRD = (base64.urlsafe_b64encode(key).decode().rstrip("=") for key in KEYS)
ODD = base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode()


def test_generated_keys() -> None:
    """A generated key is read as 32 bytes, and no two are equal."""
    keys = [generate_key() for _ in range(50)]
    assert {len(key) for key in keys} == {43}
    assert len(set(read_keys(",".join(keys), "keys"))) == 50


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=5, unique=True), st.booleans())
def test_round_trip(keys: list[bytes], padded: bool) -> None:
    """Any 32 bytes are read as they were written, with padding or without."""
    texts = [base64.urlsafe_b64encode(key).decode() for key in keys]
    assert read_keys(",".join(text if padded else text.rstrip("=") for text in texts), "keys") == tuple(keys)


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST},{SECOND}",
        f"{FIRST}\n{SECOND}\n",
        f" {FIRST} , {SECOND} ,",
        f"\r\n{FIRST}=\r\n\r\n# since May, {THIRD}\r\n{SECOND}=\r\n",
        f"{FIRST},{SECOND},{FIRST}",
    ],
)
def test_separators(text: str) -> None:
    """Keys stand between commas or line ends; spaces, empty entries, comments and repeated keys do not count."""
    assert read_keys(text, "keys") == tuple(KEYS[:2])


def test_files(tmp_path: Path) -> None:
    """A path after an @ stands for the keys in that file, in its place among the others."""
    one, two = tmp_path / "one.keys", tmp_path / "two"
    one.write_text(f"# the key of May\n{FIRST}\n", encoding="utf-8-sig")
    two.write_text(f"{SECOND},{THIRD}")
    assert read_keys(f"@{one}", "keys") == (KEYS[0],)
    assert read_keys(f"{THIRD},@{one}", "keys") == (KEYS[2], KEYS[0])
    assert read_keys(f"@{two}\n@{one}", "keys") == (KEYS[1], KEYS[2], KEYS[0])


@pytest.mark.parametrize("text", ["", " ", ",\n,", "# a comment"])
def test_no_key(text: str) -> None:
    """A text without a key is refused."""
    with pytest.raises(DatabaseError, match=r"keys: got no key; .*Fix: make a key with: quorate keys new"):
        read_keys(text, "keys")


@pytest.mark.parametrize(
    "entry, got",
    [
        (FIRST[:-1], "42 characters;"),
        (FIRST + "A", "44 characters;"),
        (FIRST + "==", "45 characters;"),
        (KEYS[0].hex(), "64 characters;"),
        ("correct horse battery staple", "28 characters, 3 of them not of base64url"),
        (ODD.replace("_", "/").replace("-", "+"), "44 characters, .* of them not of base64url"),
        ("é" * 43, "43 characters, 43 of them"),
        (f'"{FIRST}"', "45 characters, 2 of them"),
    ],
)
def test_another_form(entry: str, got: str) -> None:
    """What is no key is refused with its place, its length and the number of strange characters, but not shown."""
    with pytest.raises(DatabaseError, match=f"QUORATE_KEYS, entry 2: got {got}.*43 characters") as error:
        read_keys(f"{SECOND},{entry}", "QUORATE_KEYS")
    assert not any(secret in words(error.value) for secret in (entry, SECOND))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is missing, a folder, binary or of UTF-16, or without keys, is refused with its path."""
    folder, utf16, empty = tmp_path, tmp_path / "utf16", tmp_path / "empty"
    utf16.write_text(FIRST, encoding="utf-16")
    empty.touch()
    for path, got in (
        (tmp_path / "none", "No such file or directory"),
        (folder, "Is a directory"),
        (utf16, "no UTF-8 text"),
        (empty, "no key"),
        (Path("a\0b"), "a path with a NUL"),
    ):
        with pytest.raises(DatabaseError, match=f"got {got}") as error:
            read_keys(f"@{path}", "QUORATE_KEYS")
        assert f"QUORATE_KEYS, entry 1, file {path}" in str(error.value)
        assert FIRST not in words(error.value)


def test_files_name_no_files(tmp_path: Path) -> None:
    """A file of keys that names another one is refused, so that no circle of them can be read."""
    path = tmp_path / "keys"
    path.write_text(f"@{path}")
    with pytest.raises(DatabaseError, match="names another file"):
        read_keys(f"@{path}", "keys")


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["{}A", "@{}", "@{}=", "x={}", '"{}"', "{0}{0}", "{},?"]))
def test_no_error_shows_a_key(key: bytes, form: str) -> None:
    """A key that is given in a wrong way, also as a path, is not shown by the error nor by those behind it."""
    text = base64.urlsafe_b64encode(key).decode().rstrip("=")
    with pytest.raises(DatabaseError) as error:
        read_keys(form.format(text), "QUORATE_KEYS")
    assert text not in words(error.value)
    assert text not in repr(error.value)


def test_a_file_with_a_wrong_key_is_not_shown(tmp_path: Path) -> None:
    """What stands in a file of keys is not shown, also where the file is no text."""
    path = tmp_path / "keys"
    for content in (f"{FIRST}x".encode(), FIRST.encode() + b"\xff"):
        path.write_bytes(content)
        with pytest.raises(DatabaseError) as error:
            read_keys(f"@{path}", "QUORATE_KEYS")
        assert FIRST not in words(error.value)


def test_keyring_of_the_environment(tmp_path: Path) -> None:
    """The variable gives the keyring; without it there is none."""
    pytest.importorskip("cryptography", reason="the extra 'security' is not installed")
    (tmp_path / "keys").write_text(SECOND)
    keyring = Keyring.from_environment({"QUORATE_KEYS": f"{FIRST},@{tmp_path / 'keys'}"})
    assert keyring is not None
    assert keyring.ids == Keyring(KEYS[:2]).ids == Keyring.parse(f"{FIRST}\n{SECOND}").ids
    assert Keyring.from_environment({}) is None


def test_an_empty_variable_is_an_error() -> None:
    """A variable that is set, but empty, is refused: a secret that is missing does not turn encryption off."""
    with pytest.raises(DatabaseError, match="QUORATE_KEYS: got no key"):
        Keyring.from_environment({"QUORATE_KEYS": ""})
