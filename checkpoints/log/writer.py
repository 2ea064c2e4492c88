"""Writer: the one thread that writes, with one transaction for all that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ...contracts import DatabaseError
from ..batch_thread import BatchThread
from .commit import Commit
from .request import Request
from .store import LostDatabase, Store, Superseded, Transaction

__all__ = ["Work", "Writer"]

Work = Callable[[Transaction], Any]
"""Something else to do in a transaction of the writer's: a deletion, an import."""

_MOST = 512
"""How many requests one transaction takes at most."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A request, and who waits for it."""

    request: Request | Work
    future: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None


class Writer:
    """The one thread that writes to a store: whatever waits when it is free becomes one durable transaction.

    So a hundred requests cost one wait for the disk. A request that is refused, or cannot be stored, fails alone.
    The thread starts with the first request, and anew in a forked process.

    Args:
        store: Where to write.
        commit: What makes rows of requests.
    """

    def __init__(self, store: Store, commit: Commit) -> None:
        self._store = store
        self._commit = commit
        self._thread: BatchThread[_Waiting] = BatchThread("quorate-writer", _MOST, self._write, self._refuse)

    def do(self, request: Request | Work) -> Any:
        """Hand a request over, and wait until it is on disk.

        Raises:
            StaleThreadError: The thread went on elsewhere.
            DatabaseError: It cannot be stored.
        """
        future: Future[Any] = Future()
        self._put(_Waiting(request, future, None))
        return future.result()

    def start(self, request: Request | Work) -> asyncio.Future[Any]:
        """Hand a request over; the future, of the running loop, is done when it is on disk."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._put(_Waiting(request, future, loop))
        return future

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._thread.close()

    def _put(self, waiting: _Waiting) -> None:
        if not self._thread.put(waiting):
            raise self._late()

    def _refuse(self, waiting: _Waiting) -> None:
        _answer([waiting], [self._late()])

    def _late(self) -> DatabaseError:
        return DatabaseError(
            self._store.shown,
            got="a write after the database was closed",
            expected="an open database",
            fix="keep the database open while graphs run",
        )

    def _write(self, batch: Sequence[_Waiting]) -> None:
        requests = [each for each in batch if not callable(each.request)]
        if requests:
            self._write_requests(requests)
        for each in batch:
            if callable(each.request):
                _answer([each], [self._transact(each.request)])

    def _write_requests(self, batch: Sequence[_Waiting]) -> None:
        requests: list[Any] = [each.request for each in batch]
        results: Sequence[Any]
        try:
            results = self._add(requests)
            self._commit.keep()
        except Exception as error:
            self._commit.forget()
            if len(batch) > 1 and not isinstance(error, LostDatabase):
                for each in batch:  # one of them may be at fault: each gets a transaction of its own
                    self._write_requests([each])
                return
            results = [error] * len(batch)
        _answer(batch, results)

    def _add(self, requests: Sequence[Request]) -> list[Exception | None]:
        """Add requests to their lines; for each None, or why it was refused."""
        try:
            with self._store.adding() as adding:
                return self._commit(adding, requests)
        except Superseded:
            self._commit.forget()
        with self._store.writing() as transaction:
            return self._commit(transaction, requests)

    def _transact(self, work: Work) -> Any:
        """What the work gives, or the error of a transaction that was undone."""
        try:
            with self._store.writing() as transaction:
                return work(transaction)
        except Exception as error:
            return error


def _answer(batch: Sequence[_Waiting], results: Sequence[Any]) -> None:
    """Tell those who wait: one call for each event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for each, result in zip(batch, results, strict=True):
        if each.loop is not None and isinstance(each.future, asyncio.Future):
            loops.setdefault(each.loop, []).append((each.future, result))
        else:
            _settle(each.future, result)
    for loop, answers in loops.items():
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_settle_all, answers)


def _settle_all(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in answers:
        if not future.done():  # else whoever waited was cancelled; what was written stays written
            _settle(future, result)


def _settle(future: Future[Any] | asyncio.Future[Any], result: Any) -> None:
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
