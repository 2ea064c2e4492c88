from __future__ import annotations

import os
import random
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.desk import desk, thread

from quorate import open_database
from quorate.checkpoints.log.dictionary import dictionary
from quorate.checkpoints.log.envelope import MOST, SALT, unwrap, unwrap_salted, wrap, wrap_all
from quorate.contracts import DatabaseError

PACKED = b"\x02"
"""The form of rows that are compressed with dictionary 1."""
MAGIC = zstandard.FRAME_HEADER

contents = st.binary(max_size=300) | st.builds(bytes.__mul__, st.binary(min_size=1, max_size=40), st.integers(0, 200))
salts = st.just(b"") | st.binary(min_size=SALT, max_size=SALT)


def frame(content: bytes, *, sized: bool = True) -> bytes:
    """A frame of zstd as a row holds it, without what all frames begin with."""
    maker = zstandard.ZstdCompressor(dict_data=dictionary(), write_dict_id=False, write_content_size=sized)
    return maker.compress(content).removeprefix(MAGIC)


@given(st.lists(st.tuples(contents, salts), max_size=8))
def test_rows_come_back(rows: list[tuple[bytes, bytes]]) -> None:
    """Content and salt come back as they were, whether rows are wrapped together or one by one."""
    stored = wrap_all(rows)
    assert stored == [wrap(content, salt) for content, salt in rows]
    assert [unwrap_salted(each, "a row") for each in stored] == [(salt, content) for content, salt in rows]
    assert all(len(each) <= 1 + len(salt) + len(content) for each, (content, salt) in zip(stored, rows, strict=True))


def test_rows_of_a_team_are_small(sqlite_url: str) -> None:
    """Rows of a team take less than half of their content, and each comes back."""
    with open_database(sqlite_url) as database, database.saver() as saver:
        desk().compile(saver).invoke({"request": {"text": "ACME TOTAL 12.00 CASH 20.00"}}, thread())
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        rows = connection.execute(
            "SELECT payload FROM quorate_checkpoints UNION ALL SELECT payload FROM quorate_writes"
        ).fetchall()
    stored = [payload for (payload,) in rows]
    found = [unwrap(payload, "a row") for payload in stored]
    assert [wrap(content) for content in found] == stored
    assert 2 * sum(map(len, stored)) < sum(map(len, found))


def test_threads_wrap_side_by_side() -> None:
    """Threads that wrap and unwrap at once do not disturb each other."""
    source = random.Random(1)
    rows = [source.randbytes(20) * source.randrange(1, 50) for _ in range(200)]

    def turn(number: int) -> bool:
        some = rows[number:]
        return [unwrap(each, "a row") for each in wrap_all([(row, b"") for row in some])] == some

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(turn, range(100)))


def test_what_does_not_compress_stays_as_it_is() -> None:
    """Bytes that zstd cannot shorten take one byte more."""
    content = os.urandom(1000)
    assert wrap(content) == b"\0" + content


@pytest.mark.parametrize(
    "stored, problem",
    [
        (b"", "form b''"),
        (b"\x01" + MAGIC + frame(b"x" * 100), r"form b'\\x01'"),
        (b"\x03abc", r"form b'\\x03'"),
        (b"\xff", r"form b'\\xff'"),
        (b"\x10" + b"s" * (SALT - 1), r"form b'\\x10'"),
        (b"\x12" + b"s" * (SALT - 1), r"form b'\\x12'"),
        (PACKED, "damaged"),
        (PACKED + b"no frame", "damaged"),
        (PACKED + frame(b"content " * 100)[:-1], "damaged"),
        (PACKED + frame(b"content " * 100) + b"more", "damaged"),
        (PACKED + frame(b"content " * 100, sized=False), "does not say how long"),
        (PACKED + b"\xe0" + (MOST + 1).to_bytes(8, "little"), f"expand to {MOST + 1} bytes"),
    ],
)
def test_other_rows_are_refused(stored: bytes, problem: str) -> None:
    """What quorate does not write is refused, before it takes up memory, with the place of the row."""
    with pytest.raises(DatabaseError, match=problem) as refused:
        unwrap(stored, "thread t, checkpoint c")
    assert "thread t, checkpoint c" in str(refused.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(stored: bytes) -> None:
    """No bytes make `unwrap` fail in another way than by its own error."""
    for form in (b"", PACKED, b"\x12" + b"s" * SALT):
        with suppress(DatabaseError):
            unwrap(form + stored, "a row")


def test_content_that_nobody_could_read_again() -> None:
    """Content that expands to more than a row may hold is refused when it is stored, not when it is read."""
    with pytest.raises(DatabaseError, match="1,073,741,825 bytes"):
        wrap(bytes(MOST + 1))
