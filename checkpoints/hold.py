"""Holds: which run is at work on which line, so that a second one is told before it begins."""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import Protocol
from weakref import WeakSet

__all__ = ["Holder", "Holds", "Locks", "number_of"]

_NUMBERS = (1 << 62) - 1


def number_of(thread: str, namespace: str) -> int:
    """The number of a line among holds, in [1, 2**62): from its names' digest."""
    digest = blake2b(f"{thread}\0{namespace}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % _NUMBERS + 1


class Holder(Protocol):
    """Who holds a line."""

    @property
    def alive(self) -> bool:
        """Whether it is still at work."""
        ...


class Locks(Protocol):
    """Numbers that one process at a time has; those of a process that ends are free."""

    def take(self, number: int) -> str | None:
        """Take a number in [1, 2**62) that this process does not have: None, or who has it, as "process 7"."""
        ...

    def release(self, number: int) -> None:
        """Give a number back. It waits for no lock of Python's: the garbage collector may call it."""
        ...

    def close(self) -> None:
        """Give all back."""
        ...

    def forget(self) -> None:
        """Begin anew in a forked process: what was taken is the parent's."""
        ...


class Holds:
    """Which run is at work on which line. A line is a number in [1, 2**62) here.

    Args:
        locks: What other processes see of it; None: they see nothing.
    """

    def __init__(self, locks: Locks | None = None) -> None:
        self._locks = locks
        self._held: dict[int, Holder] = {}
        _all.add(self)

    def take(self, number: int, holder: Holder) -> str | None:
        """Hold a line: None, or where the run is that is at work on it, as "process 7"."""
        while (other := self._held.setdefault(number, holder)) is not holder:
            if other.alive:
                return "this process"
            self.release(number, other)
        where = None if self._locks is None else self._locks.take(number)
        if where is not None:
            self._held.pop(number, None)
        return where

    def release(self, number: int, holder: Holder) -> None:
        """Hold a line no longer; nothing where another one holds it. The garbage collector may call it."""
        if self._held.get(number) is holder:
            if self._locks is not None:
                self._locks.release(number)  # before anybody in this process can take it
            self._held.pop(number, None)

    def close(self) -> None:
        """Release all."""
        self._held.clear()
        if self._locks is not None:
            self._locks.close()

    def forget(self) -> None:
        """Begin anew in a forked process: the runs are the parent's."""
        self._held.clear()
        if self._locks is not None:
            self._locks.forget()


_all: WeakSet[Holds] = WeakSet()


def _forked() -> None:
    for holds in _all:
        holds.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
