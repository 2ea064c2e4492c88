"""Schema: the version of the tables that quorate makes in a database."""

from __future__ import annotations

from ..contracts import DatabaseError

__all__ = ["SCHEMA", "check_schema"]

SCHEMA = 2
"""Version of the tables that this quorate makes and reads."""


def check_schema(found: str | None, shown: str) -> bool:
    """Whether the tables are still to be made; `found` is the version that the database names, if any.

    Raises:
        DatabaseError: A newer quorate made them, or what stands there is not a version.
    """
    if found is None:
        return True
    if not found.isdecimal():
        raise DatabaseError(
            f"{shown}, table quorate_meta",
            got=f"schema {found!r}",
            expected=f"a number up to {SCHEMA}",
            fix="restore the row `schema` from a backup",
        )
    if int(found) > SCHEMA:
        raise DatabaseError(
            shown,
            got=f"a database of schema {found}, made by a newer quorate",
            expected=f"schema {SCHEMA}, which this quorate reads",
            fix="upgrade quorate: pip install --upgrade quorate",
        )
    return int(found) < SCHEMA
