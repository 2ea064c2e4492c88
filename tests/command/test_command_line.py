"""The command line itself: help, version, usage errors."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from tests.command.desk import Desk

COMMANDS = ("run", "threads", "show", "review", "graph", "eval")


def test_version(desk: Desk) -> None:
    """`--version` prints the version."""
    assert desk("--version", status=0).out == f"quorate {version('quorate')}\n"


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
