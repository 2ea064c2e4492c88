"""What the children of the lock file's tests do."""

from __future__ import annotations

import os
from pathlib import Path

from quorate.checkpoints.sqlite.lock_file import LockFile

__all__ = ["take_and_stand", "take_turns"]


def take_and_stand(path: str, folder: str, number: int, fork: bool) -> None:
    """Take a number, say so, and stand still until the word to go on comes; a forked child must not get it."""
    locks = LockFile(Path(path), like=Path(folder))
    assert locks.take(number) is None
    if fork:
        me = os.getpid()
        child = os.fork()
        if not child:
            own = locks.anew()
            locks.release(number)
            held = own.take(number)
            free = own.take(number + 1)
            own.close()
            os._exit(0 if (held or "").endswith(f"process {me}") and free is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    Path(folder, "here").write_text("here")
    Path(folder, "go").read_text()
    locks.close()


def take_turns(path: str, folder: str, rounds: int) -> None:
    """Open and close the file again and again; whoever has the number makes a file that nobody else may have made."""
    mark = Path(folder, "mark")
    got = 0
    while got < rounds:
        locks = LockFile(Path(path), like=Path(folder))
        if locks.take(7) is None:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
            mark.unlink()
            got += 1
        locks.close()
