"""WholeThread: the commands `quorate delete`, `quorate copy` and `quorate vacuum`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from .bytes_text import bytes_text
from .confirmation import check_askable, confirmed
from .exit_status import ExitStatus
from .location import Location
from .printable import id_of
from .screen import console, errors
from .thread_prefix import find_thread, whole_threads

__all__ = ["copy_thread", "delete_threads", "vacuum_database"]

_MOST_NAMED = 10


def delete_threads(location: Location, threads: Sequence[str], *, yes: bool) -> ExitStatus:
    """Delete threads, each in a transaction, and give the exit status.

    Raises:
        InputError: One is not there, or nobody can be asked; then none is deleted.
    """
    from ..checkpoints.retention import Retention

    check_askable("quorate delete", yes=yes)
    with location.open(existing=True) as database:
        found = whole_threads(database, threads, location)
        named = ", ".join(id_of(thread, 60) for thread in found[:_MOST_NAMED])
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        many = f"{len(found)} thread{'s' * (len(found) != 1)}"
        if not confirmed(f"Delete {many} for good: {named}{more}?", yes=yes):
            errors().print("Nothing was deleted.")
            return ExitStatus.FAILED
        for thread in found:
            Retention(database).delete(thread)
    console().print(f"{many} deleted; {location.shown}", soft_wrap=True)
    return ExitStatus.SETTLED


def copy_thread(location: Location, prefix: str, new: str) -> None:
    """Copy a thread.

    Raises:
        InputError: It is not there, or there is one of the new id.
    """
    from ..checkpoints.retention import Retention

    with location.open(existing=True) as database:
        thread = find_thread(database, prefix, location)
        Retention(database).copy(thread, new)
    console().print(f"{id_of(thread)} copied to {id_of(new)}; {location.shown}", soft_wrap=True)


def vacuum_database(location: Location, *, as_json: bool) -> None:
    """Remove blobs that nothing refers to, give space back, and say how much."""
    from ..checkpoints.retention import Retention

    with location.open(existing=True) as database, errors().status("Looking for blobs, and giving space back"):
        done = Retention(database).vacuum()
    if as_json:
        print(json.dumps(asdict(done)))  # noqa: T201 (the result)
        return
    blobs = f"{done.blobs} blob{'s' * (done.blobs != 1)} removed; " if done.blobs else ""
    sizes = f"{bytes_text(done.before)} before, {bytes_text(done.after)} after"
    console().print(f"{blobs}{sizes}; {location.shown}", soft_wrap=True)
