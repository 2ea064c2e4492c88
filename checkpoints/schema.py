"""Schema: the version of the tables that quorate makes in a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from ..contracts import DatabaseError

__all__ = ["SCHEMA", "check_schema", "migrate"]

P = TypeVar("P")

SCHEMA = 2
"""Version of the tables that this quorate makes and reads.

1: the checkpoints in the tables of LangGraph's own savers. 2: the log, in quorate_threads, quorate_checkpoints and
quorate_writes.
"""


def check_schema(found: str | None, shown: str) -> bool:
    """Whether the tables are still to be made or changed; `found` is the version that the database names, if any.

    Raises:
        DatabaseError: A newer quorate made them, or what stands there is not a version.
    """
    if found is None:
        return True
    if not found.isdecimal() or int(found) < 1:
        raise DatabaseError(
            f"{shown}, table quorate_meta",
            got=f"schema {found!r}",
            expected=f"a number from 1 to {SCHEMA}",
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


def migrate(found: int, migrations: Mapping[int, Callable[[P], None]], place: P) -> None:
    """Bring tables from a version to this one, step by step, in the transaction of the caller.

    Args:
        found: Their version, from 1.
        migrations: For each older version, what brings the tables to the next one.
        place: Where they are.
    """
    for version in range(found, SCHEMA):
        migrations[version](place)
