"""The command line itself: help, version, usage errors."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from tests.command.desk import Desk

COMMANDS = ("run", "threads", "show", "review", "graph", "eval")


def test_version(desk: Desk) -> None:
    """`--version` prints the version, in an interpreter that has imported nothing yet."""
    assert desk("--version", status=0, cold=True).out == f"quorate {version('quorate')}\n"


def test_each_work(desk: Desk) -> None:
    """A thread is run, listed, shown, answered, proved and projected by interpreters that have imported nothing yet."""
    desk.write("a.txt", "BOOK CORNER\nTOTAL 12.00\nCASH 20.00\n")
    (run,) = desk("run", "desk", "a.txt", "--json", status=3, cold=True).lines
    (thread,) = desk("threads", "--json", status=0, cold=True).lines
    assert run["thread"] == thread["thread"]
    assert "CASH 20.00" in desk("show", run["thread"], status=0, cold=True).out
    desk("review", run["thread"], "--approve", status=0, cold=True)
    desk("project", status=0, cold=True)
    desk("audit", "verify", status=0, cold=True)


def test_help(desk: Desk) -> None:
    """`--help` lists the commands and explains the exit statuses."""
    out = " ".join(desk("--help", status=0).out.split())
    assert all(f" {name} " in out for name in COMMANDS)
    assert "3 something waits for a person" in out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_command(desk: Desk, name: str) -> None:
    """Each command has its help."""
    assert "Usage: quorate" in desk(name, "--help", status=0).out


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["run"], ["run", "desk"], ["run", "desk", "x", "--concurrency", "0"]]
)
def test_usage(desk: Desk, arguments: list[str]) -> None:
    """A wrong command line is a usage error on stderr."""
    ended = desk(*arguments, status=2)
    assert "Usage:" in ended.err
    assert ended.out == ""
