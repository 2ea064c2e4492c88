"""Show: the command `quorate show`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..contracts import InputError
from ..contracts.budget import shown_spend
from .field_section import show_field
from .location import Location
from .printable import id_of, line_of, local_time
from .screen import console, heading, status_text
from .thread_prefix import find_thread
from .thread_view import IN_PYTHON, ThreadView, read_view
from .turn_section import sections

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["show_thread"]


def show_thread(location: Location, prefix: str, *, turn: int | None, as_json: bool) -> None:
    """Print everything that is recorded of one turn of a thread: of the newest where `turn` is None.

    Raises:
        InputError: There is no such thread or turn.
    """
    with location.open_to_read() as database, database.saver() as saver:
        thread = find_thread(database, prefix, location)
        view = read_view(saver, thread, turn=turn, blobs=database.blobs)
        if view is None:
            raise InputError(
                f"thread {thread}",
                got=f"no turn {turn}",
                expected="a turn that it had",
                fix="leave --turn out for the newest",
            )
        if as_json:
            state = {name: value for name, value in view.values.items() if not name.startswith(("__", "branch:"))}
            print(json.dumps({**view.line, **state, "values": view.turn.values}, default=str))  # noqa: T201
            return
        _show(console(), view, location)


def _show(screen: Console, view: ThreadView, location: Location) -> None:
    _show_head(screen, view, location)
    about = view.turn
    for name in dict.fromkeys((*about.goals, *about.decisions, *(claim.field for claim in about.claims))):
        show_field(screen, about, name)
    for title, table in sections(about):
        screen.print(heading(title))
        screen.print(table)
        screen.print()


def _show_head(screen: Console, view: ThreadView, location: Location) -> None:
    from rich.text import Text

    head = Text.assemble((id_of(view.id), "bold"), "  ", status_text(view.status), f"  turn {view.turn.number}")
    screen.print(head.append(f"  {local_time(view.updated)}"), soft_wrap=True)
    known = (("graph", view.graph), ("input", view.source))
    origin = ", ".join(f"{name} {line_of(each)}" for name, each in known if each)
    if origin:
        screen.print(origin, style="dim", soft_wrap=True)
    screen.print(line_of(view.reason))
    if view.turn.usage:
        before = f"; in the thread: {shown_spend(view.turn.thread_spent)}" if view.turn.number > 1 else ""
        screen.print(f"spent: {shown_spend(view.turn.spent)}{before}", style="dim", soft_wrap=True)
    if view.status == "other":
        screen.print(f"Its state: {location.command('show', view.id, '--json')}", style="dim", soft_wrap=True)
    if view.status == "waiting":
        asked = ", ".join(each.short for each in view.questions)
        screen.print(f"question{'s' * (len(view.questions) != 1)} {asked}", style="dim", soft_wrap=True)
        how = location.command("review", view.id) if view.is_answerable else IN_PYTHON
        screen.print(f"To answer: {how}", soft_wrap=True)
    screen.print()
