"""StoredLedger: the effect ledger on a database of any kind."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar

from ...contracts import Entry
from ..fork_lock import ForkLock
from ..log.hold import Hold, Holds, number_of
from ..sealing.seal import Plain, Sealer
from .ledger import as_json, check_abandon, must_finish
from .ledger_row import LedgerRow, LedgerRows
from .owner import NOBODY, is_running, this_process

__all__ = ["StoredLedger"]

T = TypeVar("T")

_HOLDS = "effects_ledger"
"""What tells an effect's hold from that of a line of checkpoints."""


class StoredLedger(ABC, Generic[T]):
    """The effect ledger on a database, whose transactions are a `T`; see `Ledger` and `TransactionalLedger`.

    Who is at work on a key holds it, as a run holds its line: by a lock that the system frees when the process ends. So
    an entry whose process died is recognised as soon as somebody asks. In an encrypted database the column `key`
    holds what the key makes of it, and the column `sealed` all that a user put in. Every method raises DatabaseError
    where the database cannot be read or written.

    Args:
        place: Which database it is.
        sealer: What seals the entries; by default nothing.
        holds: Opens what other processes see of who is at work; it is called once, when an effect is first begun.
    """

    def __init__(
        self, place: str, sealer: Sealer | None = None, holds: Callable[[], Holds | None] = lambda: None
    ) -> None:
        self._place = place
        self._rows = LedgerRows(sealer or Plain())
        self._open_holds = holds
        self._holds: Holds | None = None
        self._held: dict[str, _Held] = {}
        self._turn = ForkLock()

    @property
    def place(self) -> str:
        """Which database it is; a receiver that names the same one can join its transactions."""
        return self._place

    def begin(self, key: str, *, name: str, thread: str, digest: str, args: Mapping[str, Any]) -> Entry | None:
        """Claim the key. None: it is ours now, execute. An entry: somebody was here before; do not execute.

        Raises:
            LedgerError: `args` is not plain JSON data.
        """
        text = as_json(key, f"arguments of {name!r}", dict(args))
        row = self._rows.begun(key, thread=thread, digest=digest, args=text, owner=this_process())
        held = _Held(self._opened_holds(), key)
        try:
            entry = self._begin(held, key, name, row)
        except BaseException:
            held.release()
            raise
        if entry is None or entry.alive is False:
            self._held[key] = held
        else:
            held.release()
        return entry

    def finish(self, key: str, *, result: Any) -> None:
        """Record that the effect of a begun key was done, with the receiver's answer.

        Raises:
            LedgerError: The key was never begun, is done with another result, or `result` is not JSON data.
        """
        text = as_json(key, "result", result)
        with self._writing() as transaction:
            self._finish(transaction, key, text)
        self._let_go(key)

    def abandon(self, key: str) -> None:
        """Free a begun key whose effect is known not to have happened.

        Raises:
            LedgerError: Its effect is done.
        """
        with self._writing() as transaction:
            known = self._find(transaction, self._rows.names_of(key), lock=True)
            check_abandon(key, self._entry(key, known))
            if known is not None:
                self._drop(transaction, known.key)
        self._let_go(key, wait=True)

    def release(self, key: str) -> None:
        """Be at it no longer, whatever came of it: who begins the key next gets it at once. Twice does no harm."""
        if key not in self._held:
            return
        try:
            with self._writing() as transaction:
                known = self._find(transaction, self._rows.names_of(key), lock=True)
                if known is not None and known.status == "executing":
                    self._own(transaction, known.key, NOBODY)
        finally:
            self._let_go(key, wait=True)

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
        """Do the work and record it as done, in one transaction, unless the key is known; see `TransactionalLedger`.

        Raises:
            LedgerError: `args` or the answer is not plain JSON data; nothing has happened.
        """
        text = as_json(key, f"arguments of {name!r}", dict(args))
        row = self._rows.begun(key, thread=thread, digest=digest, args=text, owner=this_process())
        with self._writing() as transaction:
            known = self._claim(transaction, self._rows.names_of(key), name, row)
            if known is not None:
                return self._rows.entry(key, known)
            result = as_json(key, "result", work(self._connection(transaction)))
            self._finish(transaction, key, result)
        return Entry(key, "done", thread, digest, json.loads(result))

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """A connection within a transaction of its own, durable when the block ends and undone if it raises."""
        with self._writing() as transaction:
            yield self._connection(transaction)

    def entry(self, key: str) -> Entry | None:
        """What is known of the key, or None."""
        with self._reading() as transaction:
            known = self._find(transaction, self._rows.names_of(key), lock=False)
        return self._entry(key, known)

    def seal_anew(self, after: str, limit: int) -> str | None:
        """Store rows anew, of those with names after `after`, that are not as they would be stored today.

        Args:
            after: Where to go on; empty at first.
            limit: How many rows to look at.

        Returns:
            The last name that was looked at; None where there was none.
        """
        with self._writing() as transaction:
            return self.seal_some(transaction, self._rows.sealer, after, limit)

    @classmethod
    def seal_some(cls, transaction: T, sealer: Sealer, after: str, limit: int) -> str | None:
        """As `seal_anew`, within a transaction."""
        made = LedgerRows(sealer)
        rows = cls._some(transaction, after, limit)
        for row in rows:
            if not made.is_current(row):
                cls._put(transaction, row.key, made.sealed_anew(row))
        return rows[-1].key if rows else None

    def close(self) -> None:
        """Let go of all that is held."""
        with self._turn:
            holds, self._holds = self._holds, None
        for held in list(self._held.values()):
            held.release()
        self._held.clear()
        if holds is not None:
            holds.close()

    def _begin(self, held: _Held, key: str, name: str, row: LedgerRow) -> Entry | None:
        if not held.take():
            known = self.entry(key)
            if known is None:  # whoever holds it is about to begin it, or has just abandoned it
                return Entry(key, "executing", held.where, "", alive=True)
            return _with_life(known, alive=True)
        with self._writing() as transaction:
            found = self._claim(transaction, self._rows.names_of(key), name, row)
            if found is None:
                return None
            alive = held.tells_of(found.owner) if found.status == "executing" else None
            if alive is False:
                self._own(transaction, found.key, row.owner)
            return _with_life(self._rows.entry(key, found), alive=alive)

    def _finish(self, transaction: T, key: str, text: str) -> None:
        known = self._find(transaction, self._rows.names_of(key), lock=True)
        if must_finish(key, self._entry(key, known), text) and known is not None:
            self._put(transaction, known.key, self._rows.done(key, known, text))

    def _opened_holds(self) -> Holds | None:
        with self._turn:
            if self._holds is None:
                self._holds = self._open_holds() or Holds()
            return self._holds

    def _let_go(self, key: str, *, wait: bool = False) -> None:
        held = self._held.pop(key, None)
        freed = None if held is None else held.release()
        if wait and freed is not None:
            freed.result()

    def _entry(self, key: str, row: LedgerRow | None) -> Entry | None:
        return None if row is None else self._rows.entry(key, row)

    @abstractmethod
    def _writing(self) -> AbstractContextManager[T]:
        """A write transaction, durable when the block ends and undone if it raises."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[T]:
        """The database, to read from."""

    @abstractmethod
    def _connection(self, transaction: T) -> Any:
        """What a receiver gets to write with, within the transaction."""

    @abstractmethod
    def _find(self, transaction: T, names: tuple[str, ...], *, lock: bool) -> LedgerRow | None:
        """The row that stands under one of the names; with `lock` nobody else changes it within the transaction."""

    @abstractmethod
    def _claim(self, transaction: T, names: tuple[str, ...], name: str, row: LedgerRow) -> LedgerRow | None:
        """Add the row of an effect's `name`, unless one stands under one of the names: then that one."""

    @staticmethod
    @abstractmethod
    def _some(transaction: T, after: str, limit: int) -> list[LedgerRow]:
        """So many rows with names after one, in order; nobody else changes them within the transaction."""

    @staticmethod
    @abstractmethod
    def _put(transaction: T, name: str, row: LedgerRow) -> None:
        """Store a row in the place of the one of that name, with the time where it is newly done."""

    @abstractmethod
    def _own(self, transaction: T, name: str, owner: str) -> None:
        """Let a row say who is at work on it."""

    @abstractmethod
    def _drop(self, transaction: T, name: str) -> None:
        """Take a row out."""


class _Held:
    """A key that is held, or was asked for: alive until it is let go."""

    def __init__(self, holds: Holds | None, key: str) -> None:
        self.alive = True
        self.where = ""
        """Who has it, where it could not be taken."""
        self._hold = Hold(holds or Holds(), number_of(key, _HOLDS), self, shared=True)

    def take(self) -> bool:
        """Whether nobody else holds it, as far as that can be seen."""
        self._hold.prepare()
        self.where = self._hold.take() or ""
        return not self.where

    def tells_of(self, owner: str) -> bool | None:
        """Whether the owner of an entry is still at work on it, now that the key is held here; None: who knows."""
        if owner in (NOBODY, this_process()):
            return False
        if not owner:
            return None  # an older quorate's, which holds nothing
        running = is_running(owner)
        return False if running is False or (running is None and self._hold.is_certain) else None

    def release(self) -> Future[None] | None:
        """Let it go; what is done when other processes see it, None where they do at once."""
        self.alive = False
        return self._hold.release()


def _with_life(entry: Entry, *, alive: bool | None) -> Entry:
    return replace(entry, alive=alive) if entry.status == "executing" else entry
