"""Disks that are full or may not be written: a small file system of its own, or a limit on the size of files."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from tests.fakes.graph_player import thread
from tests.fakes.saver_jobs import expected, given, work

from quorate.checkpoints import open_database

__all__ = ["SmallDisk", "acknowledged_until_refused", "finish", "small_disk", "write_into_a_limit"]


class SmallDisk:
    """A file system of its own at `folder`, in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Take all the space that is left."""
        with (self.folder / "filler").open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 4096):
                    pass
            except OSError:
                pass

    def free(self) -> None:
        """Give the space back."""
        (self.folder / "filler").unlink()

    def remount(self, mode: str) -> None:
        """Let it be read only (`ro`), or written again (`rw`)."""
        subprocess.run(["mount", "-o", f"remount,{mode}", str(self.folder)], check=True, capture_output=True)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[SmallDisk | None]:
    """A file system of that size, or None where this user may not make one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def acknowledged_until_refused(saver: BaseCheckpointSaver[Any]) -> tuple[list[str], Exception]:
    """Run one graph after the other until one cannot write; their names, that one's last, and its error."""
    graph = work().compile(checkpointer=saver)
    names: list[str] = []
    for number in count():
        names.append(f"run{number}")
        try:
            graph.invoke(given(names[-1]), thread(names[-1]), durability="sync")
        except Exception as error:
            return names, error
    raise AssertionError("never reached")


def finish(saver: BaseCheckpointSaver[Any], done: list[str], cut: list[str]) -> None:
    """Check that the runs that ended are complete, let the others go on to their end, and begin a new one."""
    graph = work().compile(checkpointer=saver)
    for name in done:
        state = graph.get_state(thread(name))
        assert not state.tasks
        assert state.values == expected(name)
    for name in [*cut, "afterwards"]:
        begun = graph.get_state(thread(name)).tasks
        assert graph.invoke(None if begun else given(name), thread(name)) == expected(name)


def write_into_a_limit(url: str, said: str, limit: int) -> None:
    """Run graphs until no file may grow past `limit` bytes, lift the limit, and go on; say what the error was."""
    import resource

    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    with open_database(url) as database, database.saver() as saver:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
        names, error = acknowledged_until_refused(saver)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        finish(saver, names[:-1], names[-1:])
    Path(said).write_text(json.dumps({"runs": len(names), "type": type(error).__name__, "text": str(error)}))
