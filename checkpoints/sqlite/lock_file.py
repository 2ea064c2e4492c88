"""LockFile: numbers that one process at a time has, as locks of the operating system on the bytes of an empty file."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

from ..fork_lock import ForkLock

__all__ = ["LockFile"]

_PRESENT = 1 << 62
"""The byte that all share who have the file open, so that the last one knows to remove it."""
_TRIES = 100
"""How often the file is opened anew when another process is just removing it."""
_TAKEN = {errno.EACCES, errno.EAGAIN}


class LockFile:
    """Numbers that one process at a time has, see `Locks`: a lock on the byte at that place of an empty file.

    The operating system frees them when the process ends, however it ends. A process has one object for a file at
    most: to close the file once frees all of the process's locks on it. Where the file cannot be made, or its file
    system knows no locks, other processes are not seen, and every number is free. POSIX only.

    Args:
        path: The file; it is made when a number is first taken, and removed by the last process that closes it.
        like: The file whose permissions it gets.
    """

    def __init__(self, path: Path, like: Path) -> None:
        self._path = path
        self._like = like
        self._lock = ForkLock()
        self._file: int | None = None

    waits = False

    def take(self, number: int) -> str | None:
        """Take a number in [1, 2**62) that this process does not have: None, or who has it."""
        file = self._file if self._file is not None else self._open()
        if file < 0:
            return None
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError as error:
            return _holder(file, number) if error.errno in _TAKEN else None
        return None

    def release(self, number: int) -> None:
        """Release a number."""
        file = self._file
        if file is not None and file >= 0:
            with suppress(OSError):
                fcntl.lockf(file, fcntl.LOCK_UN, 1, number)

    def has(self, number: int) -> bool:
        """Whether a number that was taken is known to be this process's."""
        return self._file is not None and self._file >= 0

    def close(self) -> None:
        """Release all, and remove the file if no other process has it open."""
        with self._lock:
            file, self._file = self._file, None
            if file is None or file < 0:
                return
            with suppress(OSError):
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _PRESENT)
                self._path.unlink()
            os.close(file)

    def anew(self) -> LockFile:
        """That of a forked process; what this one has taken is the parent's."""
        file, self._file = self._file, -1
        if file is not None and file >= 0:
            os.close(file)  # a process that closes a file loses no other process's locks
        return LockFile(self._path, self._like)

    def _open(self) -> int:
        with self._lock:
            if self._file is None:
                try:
                    self._file = self._opened()
                except OSError:
                    self._file = -1
            return self._file

    def _opened(self) -> int:
        mode = self._like.stat().st_mode & 0o666
        for _ in range(_TRIES):
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
            try:
                fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, _PRESENT)
                if os.path.samestat(os.fstat(file), self._path.stat()):
                    return file
            except OSError as error:
                if error.errno not in {*_TAKEN, errno.ENOENT}:
                    os.close(file)
                    raise
            os.close(file)  # another process has removed it, or is about to
        return -1


def _holder(file: int, number: int) -> str:
    """Who has a number, as far as the operating system says so."""
    if sys.platform == "linux":
        form = "hhqqi4x"  # struct flock: type, whence, start, length, process
        asked = struct.pack(form, fcntl.F_WRLCK, os.SEEK_SET, number, 1, 0)
        with suppress(OSError):
            kind, _, _, _, process = struct.unpack(form, fcntl.fcntl(file, fcntl.F_GETLK, asked))
            if kind != fcntl.F_UNLCK and process > 0:  # 0: in a container that this one does not see into
                return f"process {process}"
    return "another process"
