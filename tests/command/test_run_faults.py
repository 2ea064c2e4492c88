"""`quorate run --faults`: a run in which agents go wrong, and the report of it."""

from __future__ import annotations

import signal
import sys

import pytest
from tests.command.desk import Desk

NOTES = 6


def fill(desk: Desk) -> None:
    for number in range(NOTES):
        desk.write(f"inbox/{number}.txt", f"SHOP {number}\nTOTAL {number}.00\n")


def test_report(desk: Desk) -> None:
    """What was injected is counted by agent after the results; with --json it goes to stderr."""
    fill(desk)
    desk.write("faults.yaml", "agents:\n  labelled: {wrong: 1.0}\n  fragile: {malformed: 1.0}\n")
    ran = desk("run", "desk", "inbox", "--faults", "faults.yaml", status=3)
    rows = [line.split() for line in ran.out.splitlines()]
    assert "Injected by faults.yaml, seed 0: 12 faults in 24 calls" in ran.out
    assert ["labelled", "6", "6", "wrong"] in rows
    assert ["fragile", "6", "6", "malformed"] in rows
    assert ["largest", "6", "nothing"] in rows
    assert "6 waiting" in ran.out  # the readers contradict each other
    as_json = desk("run", "desk", "inbox", "--faults", "faults.yaml", "--json", "--db", "sqlite:///two.db", status=3)
    assert len(as_json.lines) == NOTES
    assert "12 faults in 24 calls" in as_json.err


def test_same_seed(desk: Desk) -> None:
    """The same profile makes the same faults in a new database; another seed makes others."""
    fill(desk)

    def lost(seed: int, database: str) -> list[list[str]]:
        desk.write("faults.yaml", f"seed: {seed}\nlost: 0.5\n")
        ran = desk("run", "desk", "inbox", "--faults", "faults.yaml", "--db", f"sqlite:///{database}.db", "--json")
        return [sorted(line["values"]) for line in sorted(ran.lines, key=lambda line: line["thread"])]

    assert lost(1, "one") == lost(1, "two")
    assert lost(1, "three") != lost(2, "four")


@pytest.mark.parametrize(
    "profile, message",
    [
        ("outages: 0.1\n", "faults.yaml: outages"),
        ("agents: {labeled: {wrong: 0.1}}\n", "faults.yaml: agents.labeled"),
        (None, "faults.yaml"),
    ],
)
def test_wrong_profile(desk: Desk, profile: str | None, message: str) -> None:
    """A wrong profile is an error of the command line, and nothing is run."""
    fill(desk)
    if profile is not None:
        desk.write("faults.yaml", profile)
    ran = desk("run", "desk", "inbox", "--faults", "faults.yaml", status=2)
    assert message in ran.err
    assert desk.log() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_deaths(desk: Desk) -> None:
    """A worker that dies again and again gets through the inbox all the same, and posts everything once."""
    fill(desk)
    desk.write("faults.yaml", "seed: 3\ndeath: 0.1\ndeaths: deaths.txt\n")
    died, call = 0, ("run", "desk", "inbox", "--faults", "faults.yaml")
    while (ended := desk(*call, cold=True)).status == -signal.SIGKILL:
        died += 1
        assert died < 30
    assert ended.status == 0
    assert died > 0
    assert f"Deaths of workers so far: {died}, written down in deaths.txt" in ended.out
    assert desk.posted() == NOTES
