"""The command as a process: what it imports, how it hears Ctrl-C, and streams that take nothing."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from tests.command.desk import Desk

import quorate
from quorate.command.confirmation import confirmed

INTERRUPT = "import os, signal; os.kill(os.getpid(), signal.SIGINT)\n"
IN_A_DESTRUCTOR = f"""
class Fragile:
    def __del__(self):
        {INTERRUPT.strip()}

Fragile()
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals and files")


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_starts_fast(argument: str) -> None:
    """What needs no graph and no database imports neither LangGraph nor pydantic."""
    code = (
        f"import sys; sys.argv[1:] = [{argument!r}]\n"
        "from quorate.command import main\n"
        "try: main()\n"
        "except SystemExit: sys.exit(', '.join({'langgraph', 'langchain_core', 'pydantic'} & sys.modules.keys()) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_names_of_the_package() -> None:
    """Every name of the package is there when it is asked for, its folders too, and no other."""
    code = (
        "import quorate; from quorate import *\n"
        "print(Claim.__module__, quorate.Turn.__module__, quorate.checkpoints.Keep.__module__, sep='\\n')\n"
        "print(hasattr(quorate, 'Clam'), {*quorate.__all__, 'evals'} <= {*dir(quorate)})"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [
        "quorate.contracts.claim",
        "quorate.graphs.turn",
        "quorate.checkpoints.upkeep.keep",
        "False",
        "True",
    ]
    assert all(hasattr(quorate, name) for name in quorate.__all__)


@posix
@pytest.mark.parametrize("module", ["typer", "langgraph"])
@pytest.mark.parametrize("code", [INTERRUPT, IN_A_DESTRUCTOR], ids=["import", "destructor"])
def test_interrupted_import(desk: Desk, module: str, code: str) -> None:
    """Ctrl-C while something is imported ends the command with 130, also where Python cannot raise it."""
    (desk.folder / "quorate.db").touch()
    desk.write(f"{module}.py", code)
    ended = desk("threads", cold=True)
    assert (ended.status, ended.out, ended.err) == (130, "", "Stopped.\n")


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [("--help",), ("audit", "export")])
def test_full_output(desk: Desk, arguments: tuple[str, ...]) -> None:
    """What cannot be printed for want of room is an error in one line, and so is its exit status."""
    make_database(desk)
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            desk.command(*arguments), cwd=desk.folder, env=desk.env, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.decode().splitlines()[-1] == "error: the output is not complete: No space left on device"


@posix
def test_closed_streams(desk: Desk) -> None:
    """A closed stdout or stderr is as one that leads nowhere."""
    make_database(desk)
    for call in ("--help >&-", "--nonsense 2>&- || true", "threads <&- >&- 2>&-"):
        line = f'"$0" -m quorate {call}'
        ended = subprocess.run(
            ["/bin/sh", "-c", line, sys.executable], cwd=desk.folder, env=desk.env, capture_output=True, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, b"")


def make_database(desk: Desk) -> None:
    """Make an empty database where the command looks for it."""
    quorate.open_database(f"sqlite:///{desk.folder / 'quorate.db'}").close()


class Interrupted(io.StringIO):
    """A terminal at which somebody presses Ctrl-C."""

    def readline(self, size: int | None = -1, /) -> str:
        raise KeyboardInterrupt


@pytest.mark.parametrize("typed, raised", [(Interrupted(), KeyboardInterrupt), (io.StringIO(), typer.Abort)])
def test_interrupted_question(monkeypatch: pytest.MonkeyPatch, typed: io.StringIO, raised: type[BaseException]) -> None:
    """Ctrl-C at a question stops the command; the end of the input is no answer."""
    monkeypatch.setattr(sys, "stdin", typed)
    with pytest.raises(raised):
        confirmed("Delete it?", yes=False)
