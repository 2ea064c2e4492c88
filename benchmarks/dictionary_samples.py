"""Dictionary samples: contents of rows as teams and graphs leave them, without what tells when and where they ran."""

from __future__ import annotations

import random
import re
import sqlite3
import struct
import tempfile
import uuid
import warnings
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.dictionary_graphs import GRAPHS, metadata
from benchmarks.dictionary_teams import play_team
from benchmarks.dictionary_words import Words
from langchain_core.runnables import RunnableConfig

from quorate import open_database
from quorate.checkpoints.log.envelope import unwrap

__all__ = ["samples"]

_THREADS = 24
"""Threads of each database; half of them are teams'."""
_STEP = 2.0
"""The most seconds between two moments of a row."""
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"

# What differs from run to run, and tells when and where a row was made.
_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
_DIGEST = rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-f])"
_TIME = rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6}|\.\d{3})?\+00:00"
_SECONDS = rb"(?<=\xa7seconds\xcb).{8}"
_PLACE = rb"dictionary_teams\.py:\d+"
_PASSING = re.compile(b"|".join((_UUID, _DIGEST, _TIME, _SECONDS, _PLACE)), re.DOTALL)
_PRECISION = {25: "seconds", 29: "milliseconds", 32: "microseconds"}
_YEARS = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2044, 1, 1, tzinfo=UTC))
_START_OF_UUID_TIME = datetime(1582, 10, 15, tzinfo=UTC)


def samples(seed: int, least: int) -> list[bytes]:
    """At least so many bytes of rows' contents, in random order.

    The same seed gives the same, with the same versions of quorate and of what it stands on: ids, times, digests and
    durations, which differ from run to run and would tell when the dictionary was made, are drawn from the seed too.
    """
    words = Words(seed)
    found: list[bytes] = []
    while sum(map(len, found)) < least:
        with tempfile.TemporaryDirectory() as folder:
            rows = _play(words, Path(folder) / "sample.db")
        # Side by side tasks end in any order: sorted without what passes, rows have the same one in each run.
        rows.sort(key=lambda row: _PASSING.sub(b"", row))
        found += [_Anew(words.child().random)(row) for row in rows]
    words.random.shuffle(found)
    return found


def _play(words: Words, file: Path) -> list[bytes]:
    """What the threads of one database leave in it."""
    with open_database(f"sqlite:///{file}") as database:
        # Places are as high as in a database that is in use.
        with closing(sqlite3.connect(file)) as connection, connection:
            place = 10 ** words.random.randint(2, 7)
            connection.execute("INSERT INTO quorate_meta VALUES ('place', ?)", (str(place),))
        with database.saver() as saver, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number in range(_THREADS):
                play: Callable[[Words, Any, RunnableConfig], None] = play_team if number % 2 else words.one(GRAPHS)
                play(words.child(), saver, _config(words))
    with closing(sqlite3.connect(file)) as connection:
        stored = connection.execute(
            "SELECT payload FROM quorate_checkpoints UNION ALL SELECT payload FROM quorate_writes"
        )
        return [unwrap(payload, "a sample") for (payload,) in stored]


def _config(words: Words) -> RunnableConfig:
    return {"configurable": {"thread_id": words.uuid()}, "metadata": metadata(words), "max_concurrency": 1}


class _Anew:
    """A row with other ids, times, digests and durations; ids and digests are as equal among each other as before."""

    def __init__(self, source: random.Random) -> None:
        self._random = source
        self._known: dict[bytes, bytes] = {}
        start, end = _YEARS
        self._now = start + source.random() * (end - start)

    def __call__(self, row: bytes) -> bytes:
        return _PASSING.sub(self._other, row)

    def _other(self, match: re.Match[bytes]) -> bytes:
        old, version = match[0], match[1]
        self._now += timedelta(seconds=self._random.random() * _STEP)
        if len(old) == 8:
            return struct.pack(">d", self._random.expovariate(3))
        if old.startswith(b"dictionary"):
            return bytes([self._random.choice(_LETTERS) if byte in _LETTERS else byte for byte in old])
        if b"T" in old:
            return self._now.isoformat(timespec=_PRECISION[len(old)]).encode()
        if old not in self._known:
            digits = f"{self._random.getrandbits(len(old) * 4):0{len(old)}x}"
            self._known[old] = self._id(version).encode() if version else digits.encode()
        return self._known[old]

    def _id(self, version: bytes) -> str:
        if version == b"6":  # LangGraph's, of which the first half is the time
            ticks = (self._now - _START_OF_UUID_TIME) // timedelta(microseconds=1) * 10
            number = (ticks >> 12) << 80 | 6 << 76 | (ticks & 0xFFF) << 64 | 1 << 63 | self._random.getrandbits(62)
            return str(uuid.UUID(int=number))
        return str(uuid.UUID(int=self._random.getrandbits(128), version=5 if version == b"5" else 4))
