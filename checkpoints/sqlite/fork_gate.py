"""ForkGate: what every use of a SQLite file passes, so that the process has no connection to it while it forks."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Condition, Lock, get_ident
from weakref import WeakMethod, WeakSet

from ...contracts import DatabaseError

__all__ = ["ForkGate"]

_PATIENCE = 2.0
"""How long a fork waits for those who use the file, in seconds."""


class ForkGate:
    """What every use of a SQLite file passes, so that the process has no connection to it while it forks.

    SQLite counts the locks of a process in its memory. A forked process would count its parent's as its own, and lose
    what it writes when the parent closes the file. So all connections are closed before a fork, and parent and child
    open new ones when they need them.

    Args:
        shown: How errors call the file.
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._turn = Condition(Lock())
        self._users: Counter[int] = Counter()
        self._closers: list[WeakMethod[Callable[[], None]]] = []
        self._shut = self._closed = self._torn = False
        _all.add(self)

    def before_fork(self, close: Callable[[], None]) -> None:
        """Have a method called before each fork, which closes connections that nobody uses."""
        self._closers.append(WeakMethod(close))

    @contextmanager
    def use(self) -> Iterator[None]:
        """Use connections, or make them; it waits while the process forks.

        Raises:
            DatabaseError: This process was forked while the file was in use.
        """
        me = get_ident()
        with self._turn:
            while self._shut and not self._users[me]:
                self._turn.wait()
            if self._torn:
                raise DatabaseError(
                    self._shown,
                    got="a file that was in use while the process was forked",
                    expected="a file that nothing reads or writes then, or that is not open yet",
                    fix="open the database in each process, after the fork",
                )
            self._users[me] += 1
        try:
            yield
        finally:
            with self._turn:
                self._users[me] -= 1
                if not self._users[me]:
                    del self._users[me]
                    self._turn.notify_all()

    def _close(self) -> None:
        self._turn.acquire()
        self._shut, self._closed = True, False
        if self._turn.wait_for(lambda: not self._users, _PATIENCE):
            for close in filter(None, (each() for each in self._closers)):
                close()
            self._closed = True

    def _open(self, *, forked: bool) -> None:
        self._torn = self._torn or (forked and not self._closed)
        self._shut = False
        self._turn.notify_all()
        self._turn.release()


_all: WeakSet[ForkGate] = WeakSet()
_shut: list[ForkGate] = []


def _before() -> None:
    for gate in list(_all):
        _shut.append(gate)
        with suppress(sqlite3.Error):
            gate._close()


def _after(*, forked: bool) -> None:
    while _shut:
        _shut.pop()._open(forked=forked)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before,
        after_in_parent=lambda: _after(forked=False),
        after_in_child=lambda: _after(forked=True),
    )
