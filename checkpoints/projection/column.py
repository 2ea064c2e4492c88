"""Projection column: what a column of a projection holds, and in which unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, LiteralString

__all__ = ["ColumnType", "ProjectedTable", "ProjectedView", "ProjectionColumn"]

ColumnType = Literal["text", "integer", "real", "boolean", "time", "json"]
"""What a column holds.

`boolean` is 0 or 1 in SQLite. `time` is UTC in ISO 8601 with milliseconds, as `2026-11-20T22:39:46.123Z`; in Postgres
a `timestamptz`. `json` is JSON text with sorted keys in SQLite, `jsonb` in Postgres.
"""


@dataclass(frozen=True, slots=True)
class ProjectionColumn:
    """A column of a table or view."""

    name: str
    """Its name."""
    type: ColumnType
    """What it holds."""
    meaning: str
    """What it says, in one line, and when it is NULL."""
    unit: str = ""
    """Unit and range of its values."""


@dataclass(frozen=True, slots=True)
class ProjectedTable:
    """A table that is made from checkpoints."""

    name: str
    """Its name."""
    meaning: str
    """What a row of it is, in one line."""
    columns: tuple[ProjectionColumn, ...]
    """Its columns, in order. The first ones are its key."""
    key: int
    """How many columns are its key."""
    indexes: tuple[tuple[str, ...], ...] = ()
    """The columns of each further index."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class ProjectedView:
    """A view over these tables."""

    name: str
    """Its name."""
    meaning: str
    """What a row of it is, in one line."""
    columns: tuple[ProjectionColumn, ...]
    """Its columns, in order."""
    query: LiteralString
    """What it selects; the same in SQLite and Postgres."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)
