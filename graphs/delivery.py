"""Delivery: how one effect reaches its receiver."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..agents.retry import status_of
from ..contracts import (
    CompensatingReceiver,
    Effect,
    Ledger,
    LookupReceiver,
    Receiver,
    TransactionalLedger,
    TransactionalReceiver,
)

__all__ = ["Delivery", "Refused", "may_have_happened"]

_TRIES = 3
"""How often a receiver is told that does each key only once, while it cannot be told whether it has."""
_PAUSE = 0.1
"""Seconds before the second time; four times as long before the next."""
_LONGEST_PAUSE = 10.0
"""The most seconds to wait where a receiver says how long; where it says more, it is not told again."""


class Refused(Exception):
    """What a receiver raised within a transaction, which was undone: nothing happened.

    Args:
        error: What it raised.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Delivery:
    """An effect, and the receiver that is to execute it."""

    effect: Effect
    """The effect, or a compensation."""
    receiver: Receiver
    """The receiver of its name."""

    @property
    def undoes_itself(self) -> bool:
        """Whether it is a compensation that the receiver of the undone effect does."""
        return bool(self.effect.undoes) and self.effect.args.get("name") == self.effect.name

    @property
    def undo(self) -> str:
        """Name of what undoes the effect once it is done; empty where nothing does."""
        if self.effect.undoes:
            return ""
        return self.effect.undo or (self.effect.name if isinstance(self.receiver, CompensatingReceiver) else "")

    @property
    def is_idempotent(self) -> bool:
        """Whether to tell the receiver twice does no harm."""
        return getattr(self.receiver, "idempotent", False) is True

    @property
    def can_be_asked(self) -> bool:
        """Whether the receiver knows if the effect happened."""
        return isinstance(self.receiver, LookupReceiver) and not self.undoes_itself

    def joins(self, ledger: Ledger) -> bool:
        """Whether it can be executed within a transaction of the ledger."""
        receiver = self.receiver
        return (
            isinstance(receiver, TransactionalReceiver)
            and isinstance(ledger, TransactionalLedger)
            and receiver.place == ledger.place
            and (not self.undoes_itself or getattr(receiver, "compensate_in", None) is not None)
        )

    def ask(self) -> Any:
        """What the receiver answered, or None if it never happened."""
        assert isinstance(self.receiver, LookupReceiver)
        return self.receiver.lookup(self.effect.executed_key)

    def tell(self) -> Any:
        """Let the receiver do it; again and again, for a moment, where it is idempotent and nothing else helps.

        Raises:
            Exception: What the receiver raised in the end.
        """
        tries = _TRIES if self.is_idempotent else 1
        for attempt in range(1, tries + 1):
            try:
                return self._tell()
            except Exception as error:
                pause = _pause_after(error, attempt)
                again = self.leaves_open(error) or status_of(error) == 429
                if attempt == tries or not again or pause > _LONGEST_PAUSE:
                    raise
                time.sleep(pause)
        raise AssertionError

    def tell_in(self, connection: Any) -> Any:
        """Let the receiver do it within the transaction of a connection.

        Raises:
            Refused: The receiver raised an error.
        """
        receiver: Any = self.receiver
        try:
            if self.undoes_itself:
                undone = self.effect.args
                return receiver.compensate_in(connection, self.effect.undoes, undone["args"], undone["result"])
            return receiver.execute_in(connection, self.effect.executed_key, self.effect.args)
        except Exception as error:
            raise Refused(error) from error

    def leaves_open(self, error: Exception) -> bool:
        """Whether the error leaves it open if the effect happened.

        Of a receiver that is told a key again and again, HTTP's 409 says that it is still at it.
        """
        return may_have_happened(error) or (self.is_idempotent and status_of(error) in (408, 409, 425))

    def _tell(self) -> Any:
        if not self.undoes_itself:
            return self.receiver.execute(self.effect.executed_key, self.effect.args)
        undone: Mapping[str, Any] = self.effect.args
        if not isinstance(self.receiver, CompensatingReceiver):
            raise NotImplementedError(f"the receiver of {self.effect.name!r} cannot compensate any more")
        return self.receiver.compensate(self.effect.undoes, undone["args"], undone["result"])


def may_have_happened(error: Exception) -> bool:
    """Whether the error leaves it open if the effect happened: the network, a time-out, a server's own failure.

    Clients of the network have time-outs that are no `TimeoutError`; they are known by their names. An error that was
    raised because of another one, or while that was dealt with, leaves open what that one does.
    """
    return any(map(_leaves_open, _chain(error)))


def _chain(error: BaseException) -> Iterator[Exception]:
    """The error, and those that led to it."""
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in seen:
        seen.append(each)
        if isinstance(each, Exception):
            yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def _leaves_open(error: Exception) -> bool:
    if _is_lost_database(error):
        return True
    status = status_of(error)
    names = [kind.__name__ for kind in type(error).__mro__]
    return (
        isinstance(error, OSError)
        or (status is not None and status >= 500)
        or any(word in name for name in names for word in ("Timeout", "Connect", "Network", "Transport"))
    )


def _is_lost_database(error: Exception) -> bool:
    """Whether a server's database was lost meanwhile, perhaps in its commit; by the names that PEP 249 gives."""
    names = [kind.__name__ for kind in type(error).__mro__]
    if "OperationalError" not in names and "InterfaceError" not in names:
        return False
    state = getattr(error, "sqlstate", None)  # else the server told what it refused
    return type(error).__module__ != "sqlite3" and (not state or str(state).startswith(("08", "57P")))


def _pause_after(error: Exception, attempt: int) -> float:
    """Seconds to wait: as long as the receiver says, in an attribute `retry_after`, or a little."""
    said = getattr(error, "retry_after", None)
    if isinstance(said, int | float) and said >= 0:
        return float(said)
    return _PAUSE * 4.0 ** (attempt - 1)
