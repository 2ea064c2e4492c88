"""Hold: a run's claim to be the one at work on a line, from its beginning to its end."""

from __future__ import annotations

import os
from concurrent.futures import Future
from hashlib import blake2b
from typing import Protocol
from weakref import WeakSet

__all__ = ["Hold", "Holder", "Holds", "Locks", "number_of"]

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

    @property
    def waits(self) -> bool:
        """Whether taking one means to wait for an answer.

        If so a process may take one many times, and it is free when it was released as often; else a process takes
        one that it has not.
        """
        ...

    def take(self, number: int) -> str | None:
        """Take a number in [1, 2**62): None, or who has it, as "process 7"."""
        ...

    def release(self, number: int) -> Future[None] | None:
        """Release a number; what is done when it is free, None where it is at once.

        It waits for no lock of Python's: the garbage collector may call it.
        """
        ...

    def has(self, number: int) -> bool:
        """Whether a number that was taken is known to be this process's: no lock failed silently."""
        ...

    def close(self) -> None:
        """Release all."""
        ...

    def anew(self) -> Locks:
        """Those of a forked process; what these have taken is the parent's."""
        ...


class Holds:
    """Which run is at work on which line.

    Args:
        locks: What other processes see of it; None: they see nothing.
    """

    def __init__(self, locks: Locks | None = None) -> None:
        self.locks = locks
        self.held: dict[int, Hold] = {}
        _all.add(self)

    def close(self) -> None:
        """Release all."""
        self.held.clear()
        if self.locks is not None:
            self.locks.close()

    def forget(self) -> None:
        """Begin anew in a forked process: the runs are the parent's."""
        self.held.clear()
        if self.locks is not None:
            self.locks = self.locks.anew()


class Hold:
    """A run's claim to be the one at work on a line.

    Args:
        holds: All of them.
        number: The line's number, in [1, 2**62).
        holder: The run.
        shared: Whether other processes may come to this line.
    """

    __slots__ = ("_asked", "_holder", "_holds", "_locked", "_locks", "_number", "_over", "_where")

    def __init__(self, holds: Holds, number: int, holder: Holder, *, shared: bool) -> None:
        self._holds = holds
        self._locks = holds.locks if shared else None
        self._number = number
        self._holder = holder
        self._asked = False
        self._where: str | None = None
        self._locked: list[bool] = []
        self._over = False

    def prepare(self) -> None:
        """Ask ahead what one has to wait for, and see whether who holds the line is still alive."""
        other = self._holds.held.get(self._number)
        if other is not None:
            other._holder.alive  # noqa: B018 - one that is not notes it when it is asked
        if self._locks is not None and self._locks.waits and not self._asked:
            self._asked = True
            self._lock(self._locks)

    def take(self) -> str | None:
        """Hold the line from now on: None, or where the run is that holds it, as "process 7"."""
        held = self._holds.held
        while (other := held.setdefault(self._number, self)) is not self:
            if other._holder.alive:
                return "this process"
            other.release()
        if self._locks is not None and not self._locks.waits:
            self._lock(self._locks)
        if self._where is not None or self._over:
            self.release()
        return self._where

    @property
    def is_certain(self) -> bool:
        """Whether nobody else can hold the line, in any process, as far as locks can tell."""
        return self._locks is not None and bool(self._locked) and self._locks.has(self._number)

    def release(self) -> Future[None] | None:
        """Hold it no longer, once and for all; what is done when other processes see it, None where they do at once.

        Any thread may call it, twice too, and the garbage collector.
        """
        self._over = True
        done = self._unlock()  # before another run of this process can take it
        if self._holds.held.get(self._number) is self:
            self._holds.held.pop(self._number, None)
        return done

    def _lock(self, locks: Locks) -> None:
        self._where = locks.take(self._number)
        if self._where is None:
            self._locked.append(True)
            if self._over:
                self._unlock()

    def _unlock(self) -> Future[None] | None:
        try:
            self._locked.pop()  # of two threads one gets it
        except IndexError:
            return None
        return None if self._locks is None else self._locks.release(self._number)


_all: WeakSet[Holds] = WeakSet()


def _forked() -> None:
    for holds in _all:
        holds.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
