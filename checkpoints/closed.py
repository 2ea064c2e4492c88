"""Closed: the error about a use of a database after it was closed."""

from __future__ import annotations

from ..contracts import DatabaseError

__all__ = ["closed"]


def closed(shown: str) -> DatabaseError:
    """The error; `shown` is how errors call the database."""
    return DatabaseError(
        shown,
        got="a use after the database was closed",
        expected="an open database",
        fix="open the database again, or keep it open while graphs run",
    )
