"""Stopping `quorate run` by a signal or a crash, and going on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.command.desk import Desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

NOTES = 5


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it is true; fail after a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "nothing happened for a minute"
        time.sleep(0.02)


class Running:
    """The command at work on slow notes, two at a time."""

    def __init__(self, desk: Desk) -> None:
        for number in range(NOTES):
            desk.write(f"inbox/{number}.txt", f"SHOP {number}\nTOTAL {number}.00\nHOLD\n")
        self._desk = desk
        self._err = desk.folder / "err.txt"
        with self._err.open("wb") as err:
            self._process = desk.start(
                "run", "desk", "inbox", "--concurrency", "2", stdout=subprocess.DEVNULL, stderr=err
            )
        wait_for(lambda: len(desk.log()) == 2)  # both are inside their first step

    @property
    def err(self) -> str:
        return self._err.read_text()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        return self._process.wait(timeout=60)


@pytest.fixture
def running(desk: Desk) -> Running:
    return Running(desk)


def go_on(desk: Desk) -> None:
    """Let slow steps end, and run the rest."""
    (desk.folder / "go").touch()
    lines = desk("run", "desk", "inbox", "--json", status=0).lines
    assert [line["status"] for line in lines] == ["settled"] * NOTES


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal(desk: Desk, running: Running, number: int) -> None:
    """The first signal finishes the step in hand and ends with 130; the next run executes no step twice."""
    running.signal(number)
    wait_for(lambda: "Stopping after the step in hand (2 running)" in running.err)
    Path(desk.folder, "go").touch()
    assert running.end() == 130
    assert "Run the same command again: it goes on where it stopped." in running.err
    assert {line["status"] for line in desk("threads", "--json", status=0).lines} == {"unfinished"}
    assert len(desk.log()) == 2
    go_on(desk)
    assert set(Counter(desk.log()).values()) == {1}
    assert desk.posted() == NOTES


def test_second_signal(desk: Desk, running: Running) -> None:
    """The second signal ends at once, in the middle of a step; the next run goes on, and nothing is posted twice."""
    running.signal(signal.SIGINT)
    wait_for(lambda: "Stopping" in running.err)
    running.signal(signal.SIGINT)
    assert running.end() == 130
    go_on(desk)
    assert desk.posted() == NOTES


def test_kill(desk: Desk, running: Running) -> None:
    """After a crash in the middle of a step the next run goes on, and nothing is posted twice."""
    running.signal(signal.SIGKILL)
    assert running.end() == -signal.SIGKILL
    go_on(desk)
    assert desk.posted() == NOTES
    assert Counter(desk.log())["post SHOP 0"] == 1
