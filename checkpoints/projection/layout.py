"""Projection layout: the tables and views that a target must have, and whether it has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from ...contracts import DatabaseError, digest
from .column import ProjectedTable, ProjectionColumn
from .tables import TABLES
from .views import VIEWS

__all__ = [
    "ABOUT_COLUMNS",
    "ABOUT_TABLES",
    "ALL_TABLES",
    "DESCRIPTIONS",
    "LAYOUT",
    "NAMES",
    "SOURCE",
    "Relation",
    "check_layout",
    "check_source",
]

_Column = ProjectionColumn

ABOUT_TABLES = ProjectedTable(
    "projection_tables",
    "A table or view that `quorate project` has made.",
    (
        _Column("name", "text", "Its name."),
        _Column("kind", "text", "table or view."),
        _Column("meaning", "text", "What a row of it is, in one line."),
    ),
    key=1,
)

ABOUT_COLUMNS = ProjectedTable(
    "projection_columns",
    "A column of a table or view that `quorate project` has made.",
    (
        _Column("table_name", "text", "Name of the table or view."),
        _Column("column_name", "text", "Its name."),
        _Column("place", "integer", "Its place in the table.", "from 1"),
        _Column("type", "text", "text, integer, real, boolean, time or json."),
        _Column("unit", "text", "Unit and range of its values; NULL where there is none."),
        _Column("meaning", "text", "What it says, in one line."),
    ),
    key=2,
)

SOURCE = ProjectedTable(
    "projection_source",
    "One row: what was projected here, and when.",
    (
        _Column("layout", "text", "Digest of the tables' layout, by which another quorate makes them anew."),
        _Column("database", "text", "The database that the rows come from; NULL where it is this one."),
        _Column("projected_at", "time", "When all was projected last; NULL where that was never.", "UTC, ISO 8601"),
    ),
    key=1,
)

ALL_TABLES = (SOURCE, ABOUT_TABLES, ABOUT_COLUMNS, *TABLES)
"""All tables that a target has, those first that others refer to."""

NAMES = tuple(each.name for each in (*ALL_TABLES, *VIEWS))
"""The names of all tables and views."""

DESCRIPTIONS: tuple[tuple[ProjectedTable, tuple[tuple[str | int | None, ...], ...]], ...] = (
    (
        ABOUT_TABLES,
        (
            *((each.name, "table", each.meaning) for each in ALL_TABLES),
            *((each.name, "view", each.meaning) for each in VIEWS),
        ),
    ),
    (
        ABOUT_COLUMNS,
        tuple(
            (each.name, column.name, place, column.type, column.unit or None, column.meaning)
            for each in (*ALL_TABLES, *VIEWS)
            for place, column in enumerate(each.columns, 1)
        ),
    ),
)
"""The rows of the tables that describe all."""

LAYOUT = digest(
    [
        [[list(row) for row in rows] for _, rows in DESCRIPTIONS],
        [[each.key, [list(index) for index in each.indexes]] for each in ALL_TABLES],
        [each.query for each in VIEWS],
    ]
)
"""Digest of all that makes the tables and views what they are."""


class Relation(NamedTuple):
    """A table or view that is there."""

    kind: Literal["table", "view"]
    """What it is."""
    columns: tuple[str, ...]
    """Its columns, in order."""


def check_layout(
    existing: Mapping[str, Relation], described: Mapping[str, tuple[str, ...]], layout: str | None, shown: str
) -> list[str]:
    """The tables and views to drop before all are made; none where all are there as they should be.

    Args:
        existing: What is there of these names, and of those that are described.
        described: The columns of each table and view that `projection_columns` in the target describes.
        layout: The digest of the layout that the target has; None where it has none.
        shown: The target, for messages.

    Raises:
        DatabaseError: A table or view of such a name is there that is no projection.
    """
    for name, relation in existing.items():
        if described.get(name) != relation.columns:
            raise DatabaseError(
                f"{shown}, {relation.kind} {name!r}",
                got=f"a {relation.kind} that is no projection of quorate" + (" any more" if name in described else ""),
                expected="the name to be free, or a projection as `quorate project` made it",
                fix="project to another database: quorate project --to sqlite:///tables.db; or rename "
                f"the {relation.kind}, or drop it if nobody needs it",
            )
    return [] if layout == LAYOUT and existing.keys() >= set(NAMES) else list(existing)


def check_source(known: str | None, source: str, shown: str) -> None:
    """Check that a target with rows has those of this database.

    Raises:
        DatabaseError: They are those of another.
    """
    if (known or "") != source:
        raise DatabaseError(
            shown,
            got=f"the projection of {known or 'this database itself'}",
            expected=f"that of {source or 'this database itself'}",
            fix="name another target with --to, or begin it anew with --rebuild",
        )
