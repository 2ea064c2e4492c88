"""ForkLock: a lock that is free in a forked process, whoever held it at the fork."""

from __future__ import annotations

import os
from threading import Lock
from types import TracebackType
from weakref import WeakSet

__all__ = ["ForkLock"]


class ForkLock:
    """A lock to be used in `with`. Of a parent's threads none lives on in the child to give an ordinary one back."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = Lock()
        _all.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Be free, as in a child that was just forked."""
        self._lock = Lock()


_all: WeakSet[ForkLock] = WeakSet()


def _forked() -> None:
    for lock in list(_all):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
