"""Threads: the command `quorate threads`, and the thread that a prefix stands for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..contracts import InputError
from .location import Location
from .screen import console, line_of, listing, local_time, status_text, unbroken
from .thread_view import ThreadView, read_view

if TYPE_CHECKING:
    from rich.table import Table

    from ..checkpoints import Database

__all__ = ["find_thread", "line_of_thread", "show_threads", "views"]

_MOST_NAMED = 5


def show_threads(location: Location, *, status: str | None, limit: int | None, as_json: bool) -> None:
    """Print the threads, newest first, those of a status where one is given."""
    with location.open(existing=True) as database:
        every = [each for each in views(database) if status is None or each.status == status]
    shown = every if limit is None else every[:limit]
    if as_json:
        for view in shown:
            print(json.dumps(line_of_thread(view)))  # noqa: T201 (the result)
        return
    screen = console()
    if shown:
        screen.print(_table(shown))
    of_status = f" that are {status}" if status else ""
    more = f", {len(every) - len(shown)} more with a larger --limit" if len(every) > len(shown) else ""
    screen.print(f"{len(every)} thread{'s' * (len(every) != 1)}{of_status} in {location.shown}{more}", soft_wrap=True)


def views(database: Database) -> Iterator[ThreadView]:
    """Where each thread stands, newest first."""
    with database.saver() as saver:
        for thread in database.threads():
            view = read_view(saver, thread.id)
            if view is not None:
                yield view


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


def _table(found: list[ThreadView]) -> Table:
    table = listing("thread", "status", "updated", "why")
    table.columns[3].overflow = "fold"
    table.columns[2].no_wrap = True
    for view in found:
        table.add_row(view.id, status_text(view.status), local_time(view.updated), line_of(view.reason))
    unbroken(table)
    return table


def line_of_thread(view: ThreadView) -> dict[str, Any]:
    """The thread as plain data: a line of `--json`."""
    return {
        "thread": view.id,
        "status": view.status,
        "updated": view.updated,
        "turn": view.turn.number,
        "reason": view.reason,
        "graph": view.graph,
        "input": view.source,
        "values": view.turn.values,
        "waits": [each.line for each in view.questions],
    }
