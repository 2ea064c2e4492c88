"""Thread prefix: as much of a thread's id as is unique."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contracts import InputError

if TYPE_CHECKING:
    from ..checkpoints import Database

__all__ = ["find_thread"]

_MOST_NAMED = 5


def find_thread(database: Database, prefix: str) -> str:
    """The id of the one thread that is called so, or whose id begins so.

    Raises:
        InputError: There is none, or there are several.
    """
    names = [each.id for each in database.threads()]
    found = [prefix] if prefix in names else sorted(name for name in names if name.startswith(prefix))
    if len(found) == 1:
        return found[0]
    more = len(found) - _MOST_NAMED
    named = ", ".join(found[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    raise InputError(
        f"thread {prefix!r}",
        got=f"{len(found)} threads that begin so: {named}" if found else "no thread that begins so",
        expected="the id of one thread, or as much of it as is unique",
        fix="give more of it" if found else "look it up: quorate threads",
    )
