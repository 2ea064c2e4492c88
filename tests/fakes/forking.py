"""What processes do that fork while they have a database open."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint

from quorate.checkpoints import Database, open_database
from quorate.contracts import DatabaseError

__all__ = ["ended", "fork_and_outlive", "fork_and_share", "fork_under_load", "fork_within_reading"]

_ROUNDS = 30


def fork_and_share(url: str) -> None:
    """Use all of a database in parent and children side by side."""
    with open_database(url) as database, database.saver() as saver:
        _use(database, saver, "before")
        children = [_forked(lambda name=name: _use(database, saver, name)) for name in ("one", "two")]  # type: ignore[misc]
        _use(database, saver, "parent")
        assert [ended(child) for child in children] == [0, 0]


def fork_and_outlive(url: str) -> None:
    """Let a child go on after its parent has closed the database."""
    reading, writing = os.pipe()
    with open_database(url) as database, database.saver() as saver:
        _put(saver, "parent")
        child = _forked(lambda: [os.read(reading, 1), *(_put(saver, f"child {number}") for number in range(5))])
    os.write(writing, b"x")
    assert ended(child) == 0


def fork_under_load(url: str) -> None:
    """Fork again and again while threads write and read."""
    with open_database(url) as database, database.saver() as saver:
        over = threading.Event()

        def work(name: str) -> None:
            number = 0
            while not over.is_set():
                _put(saver, f"{name} {number}")
                number += 1

        threads = [threading.Thread(target=work, args=(f"thread {number}",)) for number in range(3)]
        for thread in threads:
            thread.start()
        try:
            for number in range(8):
                assert ended(_forked(lambda number=number: _put(saver, f"child {number}"))) == 0  # type: ignore[misc]
        finally:
            over.set()
            for thread in threads:
                thread.join()


def fork_within_reading(url: str) -> None:
    """Fork while this very thread reads: the child is told, the parent goes on."""

    def refused() -> None:
        with pytest.raises(DatabaseError, match="after the fork"):
            _put(saver, "child")

    with open_database(url) as database, database.saver() as saver:
        _put(saver, "parent")
        with database.log.store.reading() as reader:
            child = _forked(refused)
            assert len(reader.lines()) == 1
        assert ended(child) == 0
        _put(saver, "parent again")


def _use(database: Database, saver: BaseCheckpointSaver[str], name: str) -> None:
    for number in range(_ROUNDS):
        key = f"{name} {number}"
        _put(saver, key)
        assert database.ledger.begin(key, name="pay", thread=key, digest=key, args={"key": key}) is None
        entry = database.ledger.entry(key)
        assert entry is not None
        assert entry.thread == key
        assert database.blobs.get(database.blobs.put(key.encode())) == key.encode()

    async def read() -> None:
        found = await asyncio.gather(*(saver.aget_tuple(_config(f"{name} {number}")) for number in range(_ROUNDS)))
        assert None not in found

    asyncio.run(read())


def _put(saver: BaseCheckpointSaver[str], thread: str) -> None:
    checkpoint = empty_checkpoint()
    saver.put(_config(thread), checkpoint, {"source": "loop"}, {})
    found = saver.get_tuple(_config(thread))
    assert found is not None
    assert found.checkpoint["id"] == checkpoint["id"]


def _config(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}


def _forked(work: Callable[[], object]) -> int:
    """A child that does something; it ends with 0 if nothing was raised."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return child


def ended(child: int) -> int:
    """The exit status of a child; one that does not end within a minute is killed."""
    for _ in range(6_000):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
