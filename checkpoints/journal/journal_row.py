"""Journal row: an entry of the journal as a database stores it."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import ValidationError

from ...contracts import DatabaseError, JournaledThread, JournalEntry, dump, load
from ..log.envelope import unwrap, wrap
from ..sealing.seal import Sealer
from ..thread import checked_id

__all__ = ["KEY", "JournalRow", "JournalRows", "mark_of", "text_of"]

KEY = "journal_key"
"""Under which name the database keeps, sealed, the key that marks secrets."""

_TABLE = "quorate_journal"
_MARK = 12
"""Hexadecimal digits of a mark."""


class JournalRow(NamedTuple):
    """An entry as it is stored."""

    thread: str
    """The thread's id, or what the key of the database makes of it."""
    at: str
    """When it was asked, in ISO 8601 UTC, always of the same length."""
    entry: bytes
    """The entry: JSON, compressed, and sealed where the database is encrypted."""


@dataclass(frozen=True, slots=True)
class JournalRows:
    """Makes rows of entries, and entries of rows: sealed where the database is encrypted."""

    sealer: Sealer
    """What seals them."""

    def names_of(self, thread: str) -> tuple[str, ...]:
        """The names under which a thread's rows may stand. New ones take the first."""
        return self.sealer.names_of(checked_id(thread))

    def pack(self, entry: JournalEntry) -> JournalRow:
        """The row to store.

        Raises:
            InputError: No thread can have that id.
            DatabaseError: It is longer than a row may be.
        """
        name = self.names_of(entry.thread)[0]
        at = text_of(datetime.fromisoformat(entry.at) if entry.at else datetime.now(UTC))
        content = json.dumps(dump(replace(entry, at=at)), separators=(",", ":")).encode()
        return JournalRow(name, at, self.sealer.seal(wrap(content), _context(name, at)))

    def unpack(self, row: JournalRow) -> JournalEntry:
        """The entry of a row.

        Raises:
            DatabaseError: The row is in no form that quorate writes, or was not sealed with a key that is here.
        """
        content = unwrap(self.sealer.open(row.entry, _context(row.thread, row.at)), f"journal, entry of {row.at}")
        try:
            return load(JournalEntry, json.loads(content))
        except (ValueError, ValidationError) as error:
            raise DatabaseError(
                f"journal, entry of {row.at}",
                got="a row that cannot be read",
                expected="a row that quorate wrote",
                fix="find out what changed it, and go on from a backup",
            ) from error

    def is_current(self, row: JournalRow) -> bool:
        """Whether the row is as it would be stored today."""
        return self.sealer.is_current(row.entry)

    def sealed_anew(self, row: JournalRow) -> JournalRow:
        """The row as it would be stored today.

        Raises:
            DatabaseError: As `unpack` does.
        """
        return self.pack(self.unpack(row))

    def threads(self, rows: Iterable[tuple[JournalRow, int, str]]) -> list[JournaledThread]:
        """The threads, those asked last first.

        Args:
            rows: For each name of a thread its oldest row, how many there are, and when the newest was asked.
        """
        found: dict[str, JournaledThread] = {}
        for row, count, last in rows:
            thread = self.unpack(row).thread
            before = found.get(thread, JournaledThread(thread, 0, row.at, last))
            found[thread] = JournaledThread(
                thread, before.entries + count, min(before.first, row.at), max(before.last, last)
            )
        return sorted(found.values(), key=lambda each: (each.last, each.thread), reverse=True)

    def new_key(self) -> str:
        """A key that marks secrets, as the database keeps it: in hexadecimal digits, sealed."""
        return self.sealed_key(os.urandom(32))

    def sealed_key(self, key: bytes) -> str:
        """A key as the database keeps it."""
        return self.sealer.seal(key, KEY.encode()).hex()

    def key_of(self, stored: str) -> bytes:
        """The key that the database keeps.

        Raises:
            DatabaseError: It was not sealed with a key that is here.
        """
        return self.sealer.open(bytes.fromhex(stored), KEY.encode())

    def is_current_key(self, stored: str) -> bool:
        """Whether the key is kept as it would be today."""
        return self.sealer.is_current(bytes.fromhex(stored))


def mark_of(key: bytes, secret: str) -> str:
    """What tells two secrets apart."""
    return hmac.digest(key, secret.encode("utf-8", "surrogatepass"), "sha256").hex()[:_MARK]


def text_of(moment: datetime) -> str:
    """The time in UTC, always of the same length: as texts, times compare as they are."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _context(name: str, at: str) -> bytes:
    """What a sealed row is bound to: its own thread, and its time."""
    return f"{_TABLE}\0{name}\0{at}".encode("utf-8", "surrogatepass")
