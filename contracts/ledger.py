"""Ledger and receiver: the two ports through which effects reach the outside world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

__all__ = ["Entry", "Ledger", "LookupReceiver", "Receiver"]


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


class Ledger(Protocol):
    """Remembers, for each idempotency key, whether its effect was begun and whether it was done.

    Every method is durable when it returns and safe to call from several threads and processes.
    """

    def begin(self, key: str, *, name: str, thread: str, digest: str, args: Mapping[str, Any]) -> Entry | None:
        """Claim the key. None: it is ours now, execute. An entry: somebody was here before; do not execute."""
        ...

    def finish(self, key: str, *, result: Any) -> None:
        """Record that the effect of a begun key was done, with the receiver's answer."""
        ...

    def abandon(self, key: str) -> None:
        """Release a begun key whose effect is known not to have happened."""
        ...

    def entry(self, key: str) -> Entry | None:
        """What is known of the key, or None."""
        ...


@runtime_checkable
class Receiver(Protocol):
    """The outside world behind one kind of effect.

    A receiver that does an effect only once, however often it is told to with the same key, says so with an
    attribute `idempotent = True`. After a crash it is simply told again.
    """

    def execute(self, key: str, args: Mapping[str, Any]) -> Any:
        """Do it, and return plain JSON data.

        Raises:
            OSError: It may or may not have happened; so says `TimeoutError`, `ConnectionError`, an HTTP status of
                500 or more, and every error with Timeout, Connect, Network or Transport in the name of its class.
            Exception: Any other says that it did not happen.
        """
        ...


@runtime_checkable
class LookupReceiver(Receiver, Protocol):
    """A receiver that can be asked afterwards whether an effect happened."""

    def lookup(self, key: str) -> Any | None:
        """The answer that `execute` gave for this key, or None if it never happened."""
        ...
