from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from quorate.checkpoints.address import Address
from quorate.checkpoints.log.hold import Locks

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

HIGH = (1 << 62) - 1


@contextmanager
def locks_on(url: str) -> Iterator[Callable[[], Locks]]:
    """Makes the locks of one more handle."""
    from quorate.checkpoints.postgres.locks import PostgresLocks
    from quorate.checkpoints.postgres.server import PostgresServer

    with ExitStack() as stack:
        server = PostgresServer(Address.parse(url))
        stack.callback(server.close)

        def more() -> Locks:
            made = PostgresLocks(server.connect)
            stack.callback(made.close)
            return made

        yield more


@pytest.fixture
def locks(empty_postgres_url: str) -> Iterator[Callable[[], Locks]]:
    with locks_on(empty_postgres_url) as more:
        yield more


def release(locks: Locks, number: int) -> None:
    """Release a number, and wait until it is free."""
    done = locks.release(number)
    assert done is not None
    done.result(60)


def sessions(url: str, number: int) -> list[int]:
    """The sessions that have a number."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND (classid::bigint << 32) | objid::bigint = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (number,),
        )
        return [pid for (pid,) in found]


def end_sessions(url: str, number: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for pid in sessions(url, number):
            connection.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))


@pytest.mark.parametrize("number", [1, 1 << 31, 1 << 32, HIGH])
def test_one_handle_has_a_number(locks: Callable[[], Locks], empty_postgres_url: str, number: int) -> None:
    """A number that another handle has is not given, and the error names its session; others are free."""
    one, other = locks(), locks()
    assert one.take(number) is None
    (session,) = sessions(empty_postgres_url, number)
    assert (other.take(number) or "").endswith(f"Postgres session {session}")
    assert other.take(number // 2 + 7) is None
    release(one, number)
    assert other.take(number) is None


def test_taken_twice(locks: Callable[[], Locks]) -> None:
    """A number that was taken twice is free when it was released twice."""
    one, other = locks(), locks()
    assert one.take(5) is None
    assert one.take(5) is None
    release(one, 5)
    assert other.take(5) is not None
    release(one, 5)
    assert other.take(5) is None


def test_lost_session(locks: Callable[[], Locks], empty_postgres_url: str) -> None:
    """When the session is lost its numbers are free, and the next take brings back those that nobody has got."""
    one, other = locks(), locks()
    assert [one.take(number) for number in (5, 6)] == [None, None]
    end_sessions(empty_postgres_url, 5)
    assert other.take(5) is None
    assert one.take(7) is None
    assert sessions(empty_postgres_url, 6) == sessions(empty_postgres_url, 7)
    release(one, 5)
    assert other.take(6) is not None


def test_closed(locks: Callable[[], Locks], empty_postgres_url: str) -> None:
    """What is closed has nothing any more, and a release that waits is done before that; it can be closed twice."""
    one, other = locks(), locks()
    assert one.take(5) is None
    assert one.take(6) is None
    done = one.release(5)
    one.close()
    one.close()
    assert done.done()
    for _ in range(1_000):  # the server hears a moment later that the session has ended
        if not sessions(empty_postgres_url, 6):
            break
        time.sleep(0.01)
    assert not sessions(empty_postgres_url, 6)
    assert other.take(6) is None


def test_forked(locks: Callable[[], Locks], empty_postgres_url: str) -> None:
    """The locks of a forked process are in a session of their own."""
    one = locks()
    assert one.take(5) is None
    child = one.anew()
    assert child.take(5) is not None
    assert child.take(6) is None
    assert sessions(empty_postgres_url, 5) != sessions(empty_postgres_url, 6)
    child.close()


def test_server_that_does_not_answer() -> None:
    """Where the server does not answer every number is free."""
    with locks_on("postgresql://postgres@localhost:1/nothing?connect_timeout=1") as more:
        locks = more()
        assert locks.take(5) is None
        assert locks.take(5) is None
        release(locks, 5)
