"""Refusals: errors of single lines, to be told when all others are done."""

from __future__ import annotations

from collections.abc import Callable

from ...contracts import DatabaseError

__all__ = ["Refusals", "Refused"]

Refused = Callable[[DatabaseError], None]
"""Takes the error of one row of many, so that the others are not kept by it."""


class Refusals:
    """Errors of single lines, to be told when all others are done. It is called with each."""

    def __init__(self) -> None:
        self.errors: list[DatabaseError] = []
        """What it was called with."""

    def __call__(self, error: DatabaseError) -> None:
        """Remember an error."""
        self.errors.append(error)

    def check(self) -> None:
        """Go on if there was none.

        Raises:
            DatabaseError: The first one, with where the others were.
        """
        if not self.errors:
            return
        first, *others = self.errors
        more = f"; besides {', '.join(error.where for error in others[:_MOST])}" if others else ""
        more += f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
        raise DatabaseError(first.where, got=first.got + more, expected=first.expected, fix=first.fix) from first


_MOST = 5
