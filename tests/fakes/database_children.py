"""What the children of the databases' tests do: open one, race for it, and die in the middle of something."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quorate.checkpoints import open_database
from quorate.checkpoints.stock.importer import import_threads
from quorate.checkpoints.stock.source import open_source

__all__ = [
    "begin_and_wait",
    "begin_many",
    "die_while_importing",
    "die_while_opening",
    "insert_rows",
    "open_and_count",
    "store_and_wait",
]


def open_and_count(url: str, said: str) -> None:
    """Open the database, and say how many threads it has."""
    with open_database(url) as database:
        Path(said).write_text(str(len(database.threads())))


def die_while_opening(url: str, after: int) -> None:
    """Open an older database, and die once so many checkpoints have been handed to the new tables."""
    _die_after(after, sys.setprofile)
    open_database(url)


def die_while_importing(stock: str, url: str, after: int) -> None:
    """Take over a stock saver's threads, and die once so many checkpoints have been handed to the log."""
    _die_after(after, threading.setprofile)
    with open_source(stock) as tables, open_database(url) as database:
        for _ in import_threads(tables, database.log, tables.threads()):
            pass


def _die_after(calls: int, watch_by: Callable[[Any], None]) -> None:
    left = calls

    def watch(frame: Any, event: str, argument: Any) -> None:
        nonlocal left
        if event == "call" and frame.f_code.co_name == "_add_checkpoint":
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    watch_by(watch)


def begin_many(url: str, me: str, folder: str, keys: int) -> None:
    """Wait for the word to go, begin the keys one after the other, and say which were not begun yet."""
    with open_database(url) as database:
        Path(folder, me).touch()
        while not Path(folder, "go").exists():
            time.sleep(0.001)
        begin = database.ledger.begin
        won = [key for key in map(str, range(keys)) if begin(key, name="post", thread=me, digest="d", args={}) is None]
    Path(folder, me).write_text(" ".join(won))


def begin_and_wait(url: str, said: str) -> None:
    """Begin the key `k`, say so, and do nothing more."""
    open_database(url).ledger.begin("k", name="post", thread="t", digest="d", args={"total": 5})
    Path(said).touch()
    time.sleep(600)


def store_and_wait(url: str, said: str) -> None:
    """Store a blob, say its digest, and do nothing more."""
    half = Path(f"{said}.half")
    half.write_text(open_database(url).blobs.put(b"content " * 100_000))
    half.rename(said)
    time.sleep(600)


def insert_rows(url: str, me: str, said: str) -> None:
    """Insert 20 rows, each with a column of its own kind, and say who was first with each."""
    with open_database(url) as database:
        table = database.table("receipts")
        rows = [table.execute(str(number), {"who": me, f"only_{me}": number}) for number in range(20)]
    Path(said).write_text(" ".join(row["who"] for row in rows))
