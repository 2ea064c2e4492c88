from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.fakes.zygote import Zygote

from quorate.checkpoints import open_database

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here")


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote("tests.fakes.forking") as zygote:
        yield zygote


def run(zygote: Zygote, function: str, url: str) -> set[str]:
    """The threads that are there when a process has done something and ended."""
    assert zygote.wait(zygote.start(function, url)) == 0
    with open_database(url) as database:
        return {thread.id for thread in database.threads()}


def test_parent_and_children_share_a_handle(zygote: Zygote, database_url: str) -> None:
    """Saver, ledger and blobs of a handle that was open before a fork serve parent and children side by side."""
    found = run(zygote, "fork_and_share", database_url)
    assert found == {f"{name} {number}" for name in ("before", "one", "two", "parent") for number in range(30)}


def test_child_outlives_its_parent(zygote: Zygote, database_url: str) -> None:
    """What a child stores after its parent has closed the database is there."""
    assert run(zygote, "fork_and_outlive", database_url) == {"parent", *(f"child {number}" for number in range(5))}


def test_fork_while_threads_work(zygote: Zygote, database_url: str) -> None:
    """A child of a process whose threads read and write at that moment neither hangs nor loses anything."""
    assert run(zygote, "fork_under_load", database_url) >= {f"child {number}" for number in range(8)}


def test_fork_within_reading(zygote: Zygote, sqlite_url: str) -> None:
    """A child that was forked in the middle of a read of its own thread is told to open the file by itself."""
    assert run(zygote, "fork_within_reading", sqlite_url) == {"parent", "parent again"}
