"""The receipt desk, killed at every boundary of its checkpoints: taken up again, each receipt is posted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.desk_children import RECEIPT, THREAD, TOTAL, posting
from tests.fakes.desk_session import DeskSession, sample
from tests.fakes.zygote import Zygote

from quorate.checkpoints import open_database

pytestmark = pytest.mark.long

_MOST = 100


@pytest.fixture(scope="module")
def desks() -> Iterator[Zygote]:
    """Starts desks in processes of their own."""
    with Zygote("tests.fakes.desk_children") as zygote:
        yield zygote


@pytest.fixture(params=["sqlite", "postgres"])
def step(request: pytest.FixtureRequest) -> int:
    """Which boundaries: each one on a file, each fifth on a server."""
    return 1 if request.param == "sqlite" else 5


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path, step: int) -> Callable[[], str]:
    """Makes URLs of new databases of one kind."""
    numbers = count(1)
    if step == 1:
        return lambda: f"sqlite:///{tmp_path}/{next(numbers)}.db"
    server = str(request.getfixturevalue("postgres_url"))

    def make() -> str:
        import psycopg

        name = f"crash_{tmp_path.name.replace('-', '_')}_{next(numbers)}".lower()[-60:]
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return server.replace("/postgres?", f"/{name}?")

    return make


def lives(
    desks: Zygote, function: str, new_url: Callable[[], str], begin: Callable[[str], Any], step: int
) -> Iterator[str]:
    """A database for each moment at which its desk was killed: before and after it stores a checkpoint."""
    for moment in range(0, 2 * _MOST, step):
        url = new_url()
        begin(url)
        ended = desks.wait(desks.start(function, url, moment // 2 + 1, moment % 2 == 1))
        assert ended in (0, -9)
        if ended == 0:
            assert moment > 10
            return
        yield url
    raise AssertionError("the desk does not end")


def check(url: str, total: str, statuses: list[str]) -> None:
    """Check that one row is there, and that the turn says so."""
    with open_database(url) as database, database.saver() as saver:
        desk = DeskSession(database, saver, policy=posting())
        turn = desk.turn(THREAD)
        assert turn.status == "settled"
        assert sorted(effect.status for effect in turn.effects.values()) == statuses
        (row,) = desk.rows
        assert row["total"] == total
        assert turn.values["posted"]["key"] == row["key"]


def test_killed_while_posting(desks: Zygote, new_url: Callable[[], str], step: int) -> None:
    """Whenever the desk is killed, taken up by two processes at once, the receipt is posted once."""
    for url in lives(desks, "post_and_die", new_url, lambda url: open_database(url).close(), step):
        ends = [desks.wait(child) for child in [desks.start("take_up", url) for _ in range(2)]]
        assert 0 in ends  # the other one may be told that the thread goes on elsewhere
        check(url, "31.00", ["done"])


def test_killed_while_undoing(desks: Zygote, new_url: Callable[[], str], step: int) -> None:
    """Killed while a correction takes the row out and posts it anew, it ends with the new row alone."""

    def begin(url: str) -> None:
        with open_database(url) as database, database.saver() as saver:
            DeskSession(database, saver, policy=posting()).run(sample(RECEIPT), THREAD)

    for url in lives(desks, "correct_and_die", new_url, begin, step):
        assert desks.wait(desks.start("take_up", url)) == 0
        with open_database(url) as database, database.saver() as saver:
            desk = DeskSession(database, saver, policy=posting())
            if desk.turn(THREAD).values["total"] != TOTAL:
                desk.correct(THREAD, total=TOTAL)  # killed before it was stored
        check(url, TOTAL, ["compensated", "done", "done"])
