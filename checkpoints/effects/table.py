"""Table: rows that effects write once each, in columns that plain SQL can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from ...contracts import CompensatingReceiver, LookupReceiver, TransactionalReceiver

__all__ = ["Table"]


class Table(LookupReceiver, CompensatingReceiver, TransactionalReceiver, Protocol):
    """Rows under idempotency keys, as a receiver of effects: `receivers={"post": database.table("receipts")}`.

    With the ledger of the same database the row and the entry of the ledger are stored in one transaction. Undone, the
    row is taken out; the ledger keeps what it was.

    Each argument stands in a column of its own name, made when it is first needed: text and numbers as they
    are, booleans as 0 and 1, lists and dicts as JSON. Two columns more belong to quorate: `quorate_seq`, the
    order of arrival, and `quorate_row`, the exact JSON of the arguments, which every method here gives back.
    A column of numbers becomes one of text when a row needs it.

    Every method raises DatabaseError where the database cannot be read or written.
    """

    idempotent: Literal[True]
    """One key is one row: a repeated effect changes nothing."""

    @property
    def name(self) -> str:
        """Name of the table in the database."""
        ...

    def execute(self, key: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """The row under `key`: `{"key": key, **args}`. It is inserted once; a second call gives the first row.

        Raises:
            DatabaseError: `args` is not plain JSON data, or a name in it cannot be a column.
        """
        ...

    def compensate(self, key: str, args: Mapping[str, Any], result: Any) -> dict[str, Any]:
        """Take the row under `key` out: `{"key": key, "removed": True}`, or False where it is not there."""
        ...

    def lookup(self, key: str) -> dict[str, Any] | None:
        """The row under `key`, or None."""
        ...

    def rows(self, where: Mapping[str, Any] | None = None, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows, newest first, at most `limit`; with `where`, those that have these values.

        Values are compared as their columns hold them. None asks for rows in which the argument is null or was
        not given.
        """
        ...

    def __len__(self) -> int:
        """How many rows there are."""
        ...
