"""Removal: a line is taken out, and a row says so."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import UTC, datetime

from ..sealing.seal import Sealer
from .digest import content_digest
from .line import Line, LineKey
from .store import RemovalRow, Transaction

__all__ = ["is_of", "remove_lines"]

_SALT = 16
"""How many random bytes a removal's name is made with."""


def remove_lines(transaction: Transaction, sealer: Sealer, lines: Collection[Line], at: datetime) -> None:
    """Take lines out with all that they have, and record for an audit that quorate did it.

    With a thread's own line go the thread's entries in the journal.

    Args:
        transaction: In which to do it.
        sealer: What seals the record.
        lines: The lines.
        at: When this is.
    """
    transaction.record([_removal(sealer, line, at) for line in lines if line.events])
    transaction.remove_lines([line.id for line in lines])
    for line in lines:
        if not line.key.namespace:
            transaction.forget(sealer.names_of(line.key.thread), None)


def is_of(row: RemovalRow, sealer: Sealer, key: LineKey) -> bool:
    """Whether a row records the removal of that line.

    Raises:
        DatabaseError: The row is sealed with a key that is not there, or was changed.
    """
    return row.name == _name(key, sealer.open(row.salt, row.name.encode()))


def _removal(sealer: Sealer, line: Line, at: datetime) -> RemovalRow:
    # With a salt, sealed where the database is, the row does not tell of a thread to whoever tries out ids.
    salt = os.urandom(_SALT)
    name = _name(line.key, salt)
    sealed = sealer.seal(salt, name.encode())
    return RemovalRow(name, sealed, line.tip, line.events, at.astimezone(UTC).isoformat())


def _name(key: LineKey, salt: bytes) -> str:
    return content_digest(["removed", key.origin, salt]).hex()
