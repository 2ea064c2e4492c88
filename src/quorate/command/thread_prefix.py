"""Thread prefix: as much of a thread's id as is unique."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..contracts import InputError
from .location import Location
from .printable import LONGEST_ID, id_of

if TYPE_CHECKING:
    from ..checkpoints import Database

__all__ = ["find_thread", "whole_threads"]

_MOST_NAMED = 5


def find_thread(database: Database, prefix: str, location: Location) -> str:
    """The id of the one thread that is called so, or whose id begins so.

    Raises:
        InputError: There is none, or there are several.
    """
    from ..checkpoints.log.refusals import Refusals

    refused = Refusals()
    names = [each.id for each in database.threads(refused=refused)]
    found = [prefix] if prefix in names else sorted(name for name in names if name.startswith(prefix))
    if len(found) == 1:
        return found[0]
    if not found:
        refused.check()
    more = len(found) - _MOST_NAMED
    named = ", ".join(id_of(name, LONGEST_ID) for name in found[:_MOST_NAMED]) + (
        f" and {more} more" if more > 0 else ""
    )
    raise InputError(
        f"thread {prefix!r}",
        got=f"{len(found)} threads that begin so: {named}" if found else "no thread that begins so",
        expected="the id of one thread, or as much of it as is unique",
        fix="give more of it" if found else f"look it up: {location.command('threads')}",
    )


def whole_threads(database: Database, names: Sequence[str], location: Location) -> list[str]:
    """The threads of these ids, each once: where something goes for good, the beginning of an id is not enough.

    Raises:
        InputError: One of them is not there.
    """
    from ..checkpoints.log.refusals import Refusals
    from ..checkpoints.retention import Retention

    refused = Refusals()
    there = set(Retention(database).threads(refused))  # those too of which a crash has left no checkpoint
    for name in names:
        if name not in there:
            refused.check()
            alike = sorted(each for each in there if each.startswith(name))[:_MOST_NAMED]
            named = ", ".join(id_of(each, LONGEST_ID) for each in alike)
            raise InputError(
                f"thread {name!r}",
                got=f"no thread of that id, but {named}" if alike else "no thread of that id",
                expected="the whole id of a thread",
                fix="name it in full" if alike else f"look it up: {location.command('threads')}",
            )
    return list(dict.fromkeys(names))
