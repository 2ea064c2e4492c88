"""BaseDatabase: what the databases of every kind do alike: open the log when it is first asked for, and close once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .address import Address
from .closed import closed
from .effects.joint_receiver import Compensate, Execute, JointReceiver
from .fork_lock import ForkLock

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from .effects.stored_ledger import StoredLedger
    from .log.refusals import Refused
    from .saver.log import Log
    from .thread import Thread

__all__ = ["BaseDatabase"]


class BaseDatabase(ABC):
    """The part of a `Database` that does not depend on where it is kept.

    Args:
        address: The database.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._opened: Log | None = None
        self._opening = ForkLock()
        self._closed = False

    @property
    def url(self) -> str:
        """The URL that the database was opened with."""
        return self._address.url

    def saver(self) -> AbstractContextManager[BaseCheckpointSaver[str]]:
        """A saver for `invoke` and `stream`, open within the `with` block."""
        return self.log.saver()

    def asaver(self) -> AbstractAsyncContextManager[BaseCheckpointSaver[str]]:
        """A saver for `ainvoke` and `astream`, open within the `async with` block."""
        return self.log.asaver()

    @property
    @abstractmethod
    def ledger(self) -> StoredLedger[Any]:
        """What is known of every effect."""

    def receiver(self, execute: Execute, compensate: Compensate | None = None) -> JointReceiver:
        """A receiver that writes to tables of the user's own, in one transaction with the ledger."""
        ledger = self.ledger
        return JointReceiver(ledger.place, ledger.writing, execute, compensate)

    def threads(self, limit: int | None = None, *, refused: Refused | None = None) -> list[Thread]:
        """The threads that have a checkpoint, newest first, at most `limit`."""
        return self.log.threads(limit, refused)

    @property
    def log(self) -> Log:
        """Its checkpoints, for what works on all of them."""
        with self._opening:
            if self._closed:
                raise closed(self._address.shown)
            if self._opened is None:
                self._opened = self._open_log()
            return self._opened

    def close(self) -> None:
        """Close it; what is open within a `with` block stays open until that ends."""
        with self._opening:
            opened, self._opened, self._closed = self._opened, None, True
        if opened is not None:
            opened.close()
        self.ledger.close()
        self._release()

    @abstractmethod
    def _open_log(self) -> Log:
        """The log, with LangGraph's checkpointers, which not every use of a database needs."""

    @abstractmethod
    def _release(self) -> None:
        """Close what the ledger, the blobs and the tables use."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"open_database({self._address.shown!r})"
