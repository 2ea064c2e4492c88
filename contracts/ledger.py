"""Ledger and receiver: the ports through which effects reach the outside world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

__all__ = [
    "CompensatingReceiver",
    "Entry",
    "Ledger",
    "LookupReceiver",
    "Receiver",
    "TransactionalLedger",
    "TransactionalReceiver",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger knows of one idempotency key."""

    key: str
    """The idempotency key."""
    status: Literal["executing", "done"]
    """`executing`: begun, and not known to have ended. `done`: executed, with its result."""
    thread: str
    """The thread that began it."""
    digest: str
    """Digest of the exact arguments."""
    result: Any = None
    """The receiver's answer, once done."""
    alive: bool | None = field(default=None, compare=False)
    """While it is executing: whether who began it is still at it.

    True: it is. False: it is not any more, and the key was handed on to the caller, who finishes, abandons or releases
    it. None: the ledger cannot tell.
    """


class Ledger(Protocol):
    """Remembers, for each idempotency key, whether its effect was begun and whether it was done.

    Every method is durable when it returns and safe to call from several threads and processes.
    """

    def begin(self, key: str, *, name: str, thread: str, digest: str, args: Mapping[str, Any]) -> Entry | None:
        """Claim the key. None: it is ours now, execute. An entry: somebody was here before; do not execute.

        An entry that is `executing`, and whose `alive` is False, is ours now too: of all that ask, one gets it so.
        """
        ...

    def finish(self, key: str, *, result: Any) -> None:
        """Record that the effect of a begun key was done, with the receiver's answer."""
        ...

    def abandon(self, key: str) -> None:
        """Free a begun key whose effect is known not to have happened."""
        ...

    def release(self, key: str) -> None:
        """Be at it no longer, whatever came of it: who begins the key next gets it at once. Twice does no harm."""
        ...

    def entry(self, key: str) -> Entry | None:
        """What is known of the key, or None."""
        ...


@runtime_checkable
class TransactionalLedger(Ledger, Protocol):
    """A ledger in a database in which receivers write as well."""

    @property
    def place(self) -> str:
        """Which database it is; a receiver that names the same one can join its transactions."""
        ...

    def transact(
        self,
        key: str,
        *,
        name: str,
        thread: str,
        digest: str,
        args: Mapping[str, Any],
        work: Callable[[Any], Any],
    ) -> Entry:
        """Do the work and record it as done, in one transaction, unless the key is known.

        Args:
            key: The idempotency key.
            name: Name of the effect.
            thread: The thread that executes it.
            digest: Digest of the exact arguments.
            args: The arguments, as plain JSON data.
            work: Called with the database's connection within the transaction; its answer is plain JSON data. Where
                it raises, nothing has happened, and the error comes out as it is.

        Returns:
            The entry: what was just done, or what was known before; of the latter `executing` means that it was
            begun outside of a transaction.
        """
        ...


@runtime_checkable
class Receiver(Protocol):
    """The outside world behind one kind of effect.

    A receiver that does an effect only once, however often it is told to with the same key, says so with an
    attribute `idempotent = True`. After a crash, or where it cannot be told whether it happened, it is told again.
    """

    def execute(self, key: str, args: Mapping[str, Any]) -> Any:
        """Do it, and return plain JSON data.

        Raises:
            OSError: It may or may not have happened; so says `TimeoutError`, `ConnectionError`, an HTTP status of
                500 or more, every error with Timeout, Connect, Network or Transport in the name of its class, and the
                loss of a server's database. Of an idempotent receiver also the statuses 408, 409 and 425. So does an
                error that one of these led to.
            Exception: Any other says that it did not happen.
        """
        ...


@runtime_checkable
class LookupReceiver(Receiver, Protocol):
    """A receiver that can be asked afterwards whether an effect happened."""

    def lookup(self, key: str) -> Any | None:
        """The answer that `execute` gave for this key, or None if it never happened.

        None means that it is executed now, where whoever began it is known to be gone. Raise where that cannot be said
        yet, as while a request of a process that died may still be under way.
        """
        ...


@runtime_checkable
class CompensatingReceiver(Receiver, Protocol):
    """A receiver that can undo what it has done."""

    def compensate(self, key: str, args: Mapping[str, Any], result: Any) -> Any:
        """Undo the effect that was executed under `key`, and return plain JSON data. It raises as `execute` does.

        An attribute `idempotent = True` is said of this too.

        Args:
            key: The key under which it was executed.
            args: Its arguments.
            result: What `execute` answered.
        """
        ...


@runtime_checkable
class TransactionalReceiver(Receiver, Protocol):
    """A receiver that writes to the database of the ledger: what it does and that it is done become durable as one.

    Where it also has `compensate_in(connection, key, args, result)`, it undoes in the same way.
    """

    @property
    def place(self) -> str:
        """Which database it writes to: the `place` of the ledger, or it is executed as any other receiver."""
        ...

    def execute_in(self, connection: Any, key: str, args: Mapping[str, Any]) -> Any:
        """As `execute`, within the open transaction of a connection. It neither commits nor rolls back."""
        ...
