"""Threads: the command `quorate threads`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..contracts import DatabaseError
from .failure import show_error
from .location import Location
from .printable import LONGEST_ID, id_of, line_of, local_time
from .screen import console, listing, status_text, unbroken
from .thread_view import ThreadView, read_view

if TYPE_CHECKING:
    from rich.table import Table

    from ..checkpoints import Database
    from ..checkpoints.log.refusals import Refused
    from ..checkpoints.thread import Thread

__all__ = ["show_threads", "views", "waiting_views"]

_LONGEST_NAME = 40
_LEAST_WIDTH = 55  # of a status, a time, and enough of the reason to read; narrower, the time is left out


def show_threads(location: Location, *, status: str | None, limit: int | None, as_json: bool) -> None:
    """Print the threads, newest first, those of a status where one is given.

    Raises:
        DatabaseError: When the others are printed: of a thread that cannot be read.
    """
    from ..checkpoints.log.refusals import Refusals

    refused = Refusals()
    with location.open_to_read() as database:
        every = [each for each in views(database, refused) if status is None or each.status == status]
    _show(location, every, status=status, limit=limit, as_json=as_json)
    refused.check()


def views(database: Database, refused: Refused = show_error) -> Iterator[ThreadView]:
    """Where each thread stands, newest first.

    Args:
        database: The database.
        refused: Takes the error of each thread that cannot be read; by default it is shown at once.
    """
    return _views(database, database.threads(refused=refused), refused)


def waiting_views(database: Database) -> Iterator[ThreadView]:
    """The threads that wait for a person, newest first; the others are not read, so that all history costs little.

    The error of a thread that cannot be read is shown at once.
    """
    return (view for view in _views(database, database.log.interrupted(show_error), show_error) if view.questions)


def _views(database: Database, threads: Iterable[Thread], refused: Refused) -> Iterator[ThreadView]:
    shown = database.log.store.shown
    with database.saver() as saver:
        for thread in threads:
            try:
                view = read_view(saver, thread.id)
            except DatabaseError as error:
                if error.where == shown:  # no thread can be read
                    raise
                refused(error)
                continue
            if view is not None:
                yield view


def _show(location: Location, every: list[ThreadView], *, status: str | None, limit: int | None, as_json: bool) -> None:
    shown = every if limit is None else every[:limit]
    if as_json:
        for view in shown:
            print(json.dumps(view.line))  # noqa: T201 (the result)
        return
    screen = console()
    if shown:
        screen.print(_table(shown, screen.width))
    of_status = f" that are {status}" if status else ""
    more = f", {len(every) - len(shown)} more with a larger --limit" if len(every) > len(shown) else ""
    screen.print(f"{len(every)} thread{'s' * (len(every) != 1)}{of_status} in {location.shown}{more}", soft_wrap=True)


def _table(found: list[ThreadView], width: int) -> Table:
    dated = width >= _LEAST_WIDTH + min(max(len(id_of(view.id)) for view in found), _LONGEST_NAME)
    table = listing("thread", "status", *(["updated"] if dated else []), "why")
    for column in table.columns[1:-1]:
        column.no_wrap = True
    table.columns[-1].overflow = "fold"
    for view in found:
        when = [local_time(view.updated)] if dated else []
        table.add_row(id_of(view.id, LONGEST_ID), status_text(view.status), *when, line_of(view.reason))
    unbroken(table)
    return table
