"""StoredTable: a table of effects on a database of any kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Generic, Literal, TypeVar

from ...contracts import DatabaseError
from .column import KEY, OURS, Kind, as_row, check_name, from_row, matches

__all__ = ["StoredTable"]

T = TypeVar("T")


class StoredTable(ABC, Generic[T]):
    """A table of effects on a database, whose transactions are a `T`: see `Table`. It is made with its first row.

    Args:
        place: Which database it is.
        shown: How errors call the database.
        name: Name of the table.

    Raises:
        DatabaseError: The name cannot be one of a table, or belongs to a table that is not quorate's.
    """

    idempotent: Literal[True] = True

    def __init__(self, place: str, shown: str, name: str) -> None:
        self._place = place
        self._name = name
        self._where = f"{shown}, table {name!r}"
        check_name(name, self._where)
        with self._reading() as transaction:
            self._checked_kinds(transaction)

    @property
    def name(self) -> str:
        """Name of the table in the database."""
        return self._name

    @property
    def place(self) -> str:
        """Which database it is in."""
        return self._place

    def execute(self, key: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """The row under `key`: `{"key": key, **args}`. It is inserted once; a second call gives the first row.

        Raises:
            DatabaseError: `args` is not plain JSON data, or a name in it cannot be a column.
        """
        with self._writing() as transaction:
            return self._execute(transaction, key, args)

    def execute_in(self, connection: Any, key: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """As `execute`, within the open transaction of a connection."""
        return self._execute(self._within(connection), key, args)

    def compensate(self, key: str, args: Mapping[str, Any], result: Any) -> dict[str, Any]:
        """Take the row under `key` out: `{"key": key, "removed": True}`, or False where it is not there."""
        with self._writing() as transaction:
            return self._compensate(transaction, key)

    def compensate_in(self, connection: Any, key: str, args: Mapping[str, Any], result: Any) -> dict[str, Any]:
        """As `compensate`, within the open transaction of a connection."""
        return self._compensate(self._within(connection), key)

    def lookup(self, key: str) -> dict[str, Any] | None:
        """The row under `key`, or None."""
        with self._reading() as transaction:
            stored = self._stored(transaction, key) if self._checked_kinds(transaction) else None
        return None if stored is None else from_row(key, stored)

    def rows(self, where: Mapping[str, Any] | None = None, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows, newest first, at most `limit`; with `where`, those that have these values."""
        with self._reading() as transaction:
            kinds = self._checked_kinds(transaction)
            values = matches(kinds, where or {})
            if not kinds or values is None:
                return []
            return [from_row(key, row) for key, row in self._matching(transaction, kinds, values, limit)]

    def __len__(self) -> int:
        """How many rows there are."""
        with self._reading() as transaction:
            return self._count(transaction) if self._checked_kinds(transaction) else 0

    def _execute(self, transaction: T, key: str, args: Mapping[str, Any]) -> dict[str, Any]:
        return from_row(key, self._inserted(transaction, key, as_row(args, self._where)))

    def _compensate(self, transaction: T, key: str) -> dict[str, Any]:
        return {KEY: key, "removed": bool(self._checked_kinds(transaction)) and self._removed(transaction, key)}

    def _checked_kinds(self, transaction: T) -> dict[str, Kind]:
        """What each column holds; none where the table is not there yet."""
        kinds = self._kinds(transaction)
        if kinds and not kinds.keys() >= OURS:
            raise DatabaseError(
                self._where,
                got="a table that quorate did not make",
                expected=f"the columns {', '.join(sorted(OURS))}",
                fix="choose another name",
            )
        return kinds

    @abstractmethod
    def _writing(self) -> AbstractContextManager[T]:
        """A write transaction, durable when the block ends and undone if it raises."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[T]:
        """The database, to read from."""

    @abstractmethod
    def _within(self, connection: Any) -> T:
        """The open transaction of a connection."""

    @abstractmethod
    def _kinds(self, transaction: T) -> dict[str, Kind]:
        """The columns of the table of that name, whoever made it; none where it is not there."""

    @abstractmethod
    def _stored(self, transaction: T, key: str) -> str | None:
        """The exact row under `key`, or None; the table is there."""

    @abstractmethod
    def _inserted(self, transaction: T, key: str, row: str) -> str:
        """The row that stands under `key`: this one, or the one that stood there; the table is made or widened."""

    @abstractmethod
    def _removed(self, transaction: T, key: str) -> bool:
        """Whether a row was there, and is no more; the table is there."""

    @abstractmethod
    def _matching(
        self, transaction: T, kinds: Mapping[str, Kind], values: Mapping[str, Any], limit: int | None
    ) -> Iterable[tuple[str, str]]:
        """Key and exact row of those that have these values, newest first; the table is there."""

    @abstractmethod
    def _count(self, transaction: T) -> int:
        """How many rows there are; the table is there."""
