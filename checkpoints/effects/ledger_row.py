"""Ledger row: an effect's entry as a database stores it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ...contracts import DatabaseError, Entry
from ..sealing.seal import Sealer
from ..thread import checked_id

__all__ = ["LedgerRow", "LedgerRows"]

_TABLE = "effects_ledger"


class LedgerRow(NamedTuple):
    """An entry as it is stored. Where the database is encrypted, `sealed` has all that the other texts would tell."""

    key: str
    """The idempotency key, or what the key of the database makes of it."""
    status: str
    """`executing` or `done`."""
    thread: str
    """The thread that began it; empty where it is sealed."""
    digest: str
    """Digest of the exact arguments; empty where it is sealed: it would tell whether a guess is right."""
    args: str
    """The arguments as JSON; `null` where they are sealed."""
    result: str | None
    """The receiver's answer as JSON, once done; None where it is sealed."""
    sealed: bytes | None
    """Thread, digest, arguments and answer; None where the database is not encrypted."""
    owner: str = ""
    """The process that began it, see `Owner`; empty where an older quorate did."""


@dataclass(frozen=True, slots=True)
class LedgerRows:
    """Makes rows of entries, and entries of rows: sealed where the database is encrypted."""

    sealer: Sealer
    """What seals them."""

    def names_of(self, key: str) -> tuple[str, ...]:
        """The names under which an entry may stand: its key, or what the keys make of it. New ones take the first."""
        return self.sealer.names_of(key)

    def begun(self, key: str, *, thread: str, digest: str, args: str, owner: str = "") -> LedgerRow:
        """The row of an effect that is begun.

        Args:
            key: The idempotency key.
            thread: The thread that begins it.
            digest: Digest of the exact arguments.
            args: The arguments as JSON.
            owner: The process that begins it.

        Raises:
            InputError: No thread can have that id.
        """
        row = self._row(self.names_of(key)[0], "executing", [checked_id(thread), digest, args, None, key])
        return row._replace(owner=owner)

    def done(self, key: str, row: LedgerRow, result: str) -> LedgerRow:
        """The row of the same effect with the receiver's answer, as JSON, to be stored in the place of the other.

        Raises:
            DatabaseError: The row was not sealed with a key that is here, or not sealed as the others are.
        """
        thread, digest, args, *_ = self._opened(row)
        return self._row(self.names_of(key)[0], "done", [thread, digest, args, result, key])

    def is_current(self, row: LedgerRow) -> bool:
        """Whether the row is as it would be stored today."""
        return self.sealer.is_current(row.args.encode() if row.sealed is None else row.sealed)

    def sealed_anew(self, row: LedgerRow) -> LedgerRow:
        """The row as it would be stored today, under the newest key and the name that this makes.

        Raises:
            DatabaseError: As `done` does.
        """
        *fields, key = self._opened(row)
        made = self._row(self.names_of(key or row.key)[0], row.status, [*fields, key or row.key])
        return made._replace(owner=row.owner)

    def entry(self, key: str, row: LedgerRow) -> Entry:
        """What the row says of a key.

        Raises:
            DatabaseError: As `done` does.
        """
        thread, digest, _, result, _ = self._opened(row)
        status: Literal["executing", "done"] = "done" if row.status == "done" else "executing"
        return Entry(key, status, thread or "", digest or "", None if result is None else json.loads(result))

    def _row(self, name: str, status: str, fields: list[str | None]) -> LedgerRow:
        if not self.sealer.encrypts:
            thread, digest, args, result, _ = fields
            return LedgerRow(name, status, thread or "", digest or "", args or "null", result, None)
        sealed = self.sealer.seal(json.dumps(fields).encode(), _context(name, status))
        return LedgerRow(name, status, "", "", "null", None, sealed)

    def _opened(self, row: LedgerRow) -> list[str | None]:
        """Thread, digest, arguments, answer, and the key where it is sealed."""
        context = _context(row.key, row.status)
        if row.sealed is None:
            fields = [row.thread, row.digest, row.args, row.result, None]
            self.sealer.open(json.dumps(fields).encode(), context)  # refuses what is not sealed where all is
            return fields
        try:
            opened = json.loads(self.sealer.open(row.sealed, context))
            thread, digest, args, result, key = opened
        except ValueError as error:
            raise DatabaseError(
                f"ledger, key {row.key}",
                got="a row that cannot be read",
                expected="a row that quorate wrote",
                fix="find out what changed it, and go on from a backup",
            ) from error
        return [thread, digest, args, result, key]


def _context(name: str, status: str) -> bytes:
    """What a sealed row is bound to: its own name, and where its effect stands."""
    return f"{_TABLE}\0{name}\0{status}".encode("utf-8", "surrogatepass")
