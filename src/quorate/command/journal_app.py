"""JournalApp: the commands `quorate journal …` with their arguments and help."""

from __future__ import annotations

from typing import Annotated

import typer

from .failure import reported
from .options import Db, Json

__all__ = ["journal"]

journal = typer.Typer(
    name="journal",
    help="Look at what models and tools answered. `quorate run --playback` plays it back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@journal.command("list")
@reported
def list_(db: Db = None, as_json: Json = False) -> None:
    """List the threads that have entries, those asked last first."""
    from .journal import list_threads
    from .location import Location

    list_threads(Location.choose(db), as_json=as_json)


@journal.command()
@reported
def show(
    thread: Annotated[str, typer.Argument(metavar="THREAD", help="The thread's id, or as much of it as is unique.")],
    turn: Annotated[int | None, typer.Option(min=1, help="Only this turn; default all.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Show each request and answer, too.")] = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Show who asked whom in a thread, with tokens, costs and times; secrets were taken out before it was stored."""
    from .journal import show_entries
    from .location import Location

    show_entries(Location.choose(db), thread, turn=turn, full=full, as_json=as_json)
