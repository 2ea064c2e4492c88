"""PostgresLocks: numbers that one process at a time has, as advisory locks of a Postgres session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

import psycopg
from psycopg import Connection
from psycopg.rows import DictRow

from ...contracts import DatabaseError
from ..fork_lock import ForkLock

__all__ = ["PostgresLocks"]

_TAKE = "SELECT pg_try_advisory_lock(%s) AS taken"
_TAKE_ALL = "SELECT pg_try_advisory_lock(n) FROM unnest(%s::bigint[]) AS n"
_RELEASE_ALL = "SELECT pg_advisory_unlock(n) FROM unnest(%s::bigint[]) AS n"
_HOLDER = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
    " AND (classid::bigint << 32) | objid::bigint = %s"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
# The server notices within half a minute that the machine at the other end is gone, and ends the session.
_ALIVE = (
    "SELECT set_config('tcp_keepalives_idle', '15', false), set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)

_Release = tuple[int, "Future[None]"]


class PostgresLocks:
    """Numbers that one process at a time has, see `Locks`: advisory locks of one session, kept open.

    The server frees them when the session ends, so when the process does, however it ends. A session that is lost is
    made anew by the next take, with what was taken. Where the server does not answer every number is free.

    Args:
        connect: Makes a connection in autocommit mode, to the database itself or to a pool in session mode.
    """

    waits = True

    def __init__(self, connect: Callable[[], Connection[DictRow]]) -> None:
        self._connect = connect
        self._turn = ForkLock()
        self._connection: Connection[DictRow] | None = None
        self._taken: Counter[int] = Counter()
        self._releases: SimpleQueue[_Release | None] = SimpleQueue()
        self._thread: Thread | None = None

    def take(self, number: int) -> str | None:
        """Take a number in [1, 2**62): None, or who has it."""
        with self._turn, suppress(psycopg.Error, DatabaseError):
            lost = self._connection
            try:
                return self._take(number)
            except psycopg.OperationalError:
                if lost is None or not lost.closed:
                    raise
                return self._take(number)  # in a new session: the old one went away while nobody used it
        return None

    def release(self, number: int) -> Future[None]:
        """Release a number; what is done when it is free."""
        done: Future[None] = Future()
        self._releases.put((number, done))
        return done

    def has(self, number: int) -> bool:
        """Whether a number that was taken is known to be this process's: its session is still there."""
        connection = self._connection
        if connection is None or connection.closed or not self._taken[number]:
            return False
        with self._turn, suppress(psycopg.Error):
            return connection.execute("SELECT 1").fetchone() is not None
        return False

    def close(self) -> None:
        """Release all."""
        with self._turn:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._releases.put(None)
            thread.join()
        with self._turn:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._taken.clear()

    def anew(self) -> PostgresLocks:
        """Those of a forked process, in a session of their own; what these have taken is the parent's."""
        return PostgresLocks(self._connect)

    def _take(self, number: int) -> str | None:
        connection = self._session()
        row = connection.execute(_TAKE, (number,)).fetchone()
        if row is not None and not row["taken"]:
            holder = connection.execute(_HOLDER, (number,)).fetchone()
            return "another process or handle" + ("" if holder is None else f", Postgres session {holder['pid']}")
        self._taken[number] += 1
        return None

    def _session(self) -> Connection[DictRow]:
        if self._thread is None:
            self._thread = Thread(target=self._work, name="quorate-locks", daemon=True)
            self._thread.start()
        if self._connection is None or self._connection.closed:
            connection = self._connection = self._connect()
            connection.execute(_ALIVE)
            if self._taken:
                connection.execute(_TAKE_ALL, (list(self._taken.elements()),))
        return self._connection

    def _work(self) -> None:
        open_ = True
        while open_:
            batch = [self._releases.get()]
            with suppress(Empty):
                while True:
                    batch.append(self._releases.get_nowait())
            open_ = None not in batch
            releases = [each for each in batch if each is not None]
            numbers = [number for number, _ in releases]
            with self._turn, suppress(psycopg.Error):
                self._taken = self._taken - Counter(numbers)
                if self._connection is not None and not self._connection.closed:
                    self._connection.execute(_RELEASE_ALL, (numbers,))
            for _, done in releases:
                done.set_result(None)
