"""JointReceiver: a receiver of a user's own that writes to the database of the ledger, in its transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

__all__ = ["Compensate", "Execute", "JointReceiver"]

Execute: TypeAlias = Callable[[Any, str, Mapping[str, Any]], Any]
"""From the connection, the key and the arguments to the answer, as plain JSON data."""
Compensate: TypeAlias = Callable[[Any, str, Mapping[str, Any], Any], Any]
"""From the connection, and the key, the arguments and the answer of the effect, to what undoing it answers."""


class JointReceiver:
    """A receiver that writes to the database of the ledger: see `TransactionalReceiver` and `Database.receiver`.

    Args:
        place: Which database it writes to.
        writing: Opens a transaction of it, for a ledger elsewhere; it gives the connection.
        execute: Does the effect, within an open transaction. It neither commits nor rolls back.
        compensate: Undoes it, in the same way; None where it cannot be undone.
    """

    def __init__(
        self,
        place: str,
        writing: Callable[[], AbstractContextManager[Any]],
        execute: Execute,
        compensate: Compensate | None = None,
    ) -> None:
        self._place = place
        self._writing = writing
        self._execute = execute
        self._compensate = compensate
        self.compensate = None if compensate is None else self._compensated
        """Undoes an effect in a transaction of its own; None where it cannot be undone."""
        self.compensate_in = compensate
        """Undoes an effect within an open transaction; None where it cannot be undone."""

    @property
    def place(self) -> str:
        """Which database it writes to."""
        return self._place

    def execute(self, key: str, args: Mapping[str, Any]) -> Any:
        """Do it in a transaction of its own, and return plain JSON data."""
        with self._writing() as connection:
            return self._execute(connection, key, args)

    def execute_in(self, connection: Any, key: str, args: Mapping[str, Any]) -> Any:
        """Do it within the open transaction of a connection."""
        return self._execute(connection, key, args)

    def _compensated(self, key: str, args: Mapping[str, Any], result: Any) -> Any:
        assert self._compensate is not None
        with self._writing() as connection:
            return self._compensate(connection, key, args, result)
