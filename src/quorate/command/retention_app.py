"""RetentionApp: the commands on whole threads with their arguments and help."""

from __future__ import annotations

from typing import Annotated

import typer

from .failure import reported
from .options import Db, Json

__all__ = ["retention"]

retention = typer.Typer(rich_markup_mode=None)

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed where there is no terminal to ask at.")]
Whole = Annotated[list[str], typer.Argument(metavar="THREAD...", help="The threads, by their whole ids.")]


@retention.command()
@reported
def prune(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    threads: Annotated[
        list[str] | None,
        typer.Argument(metavar="[THREAD]...", help="Only these threads, by their whole ids; default all."),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Only checkpoints older than this go: 30d, 12h, 4w."),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            metavar="WHAT",
            help="What stays of any age: latest (default with --older-than), decided (and each turn's end), a number "
            "of the newest, or none: threads that have ended go altogether.",
        ),
    ] = None,
    remember: Annotated[
        bool, typer.Option("--remember", help="Let this be what `quorate prune` does without --keep and --older-than.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Forget what was remembered, and prune nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    yes: Yes = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Remove checkpoints that are no longer needed; what stays reads as before, and the audit chain holds.

    A thread that waits for a person, or is unfinished, keeps its newest checkpoint. Run the same again after Ctrl-C.
    Exit status: 0 done, 1 a thread could not be pruned, 2 the command line or the database is wrong.
    """
    from .location import Location
    from .prune import Prune, forget_policy

    if forget:
        if threads or older_than or keep or remember or dry_run:
            raise typer.BadParameter("--forget goes alone")
        forget_policy(Location.choose(db))
        return
    if remember and (threads or dry_run):
        raise typer.BadParameter("--remember is for all threads, and goes without --dry-run")
    wanted = Prune(Location.choose(db), threads or (), older_than, keep, remember, dry_run, yes, as_json)
    raise typer.Exit(wanted())


@retention.command()
@reported
def delete(threads: Whole, yes: Yes = False, db: Db = None) -> None:
    """Delete threads with all that they have, those that wait or are unfinished too."""
    from .location import Location
    from .whole_thread import delete_threads

    raise typer.Exit(delete_threads(Location.choose(db), threads, yes=yes))


@retention.command()
@reported
def copy(
    thread: Annotated[str, typer.Argument(metavar="THREAD", help="Its id, or as much of it as is unique.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The id of the copy.")],
    db: Db = None,
) -> None:
    """Copy a thread within the database, to try something out on the copy."""
    from .location import Location
    from .whole_thread import copy_thread

    copy_thread(Location.choose(db), thread, new)


@retention.command()
@reported
def export(
    thread: Annotated[str, typer.Argument(metavar="THREAD", help="Its id, or as much of it as is unique.")],
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="A new file; default - for stdout.")] = "-",
    db: Db = None,
) -> None:
    """Write a thread as JSON lines, with all that it needs, in plain text."""
    from .location import Location
    from .thread_transfer import export_thread

    export_thread(Location.choose(db), thread, file)


@retention.command("import")
@reported
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `quorate export` wrote; - for stdin.")],
    into: Annotated[str | None, typer.Option("--into", metavar="NEW", help="Another id for the thread.")] = None,
    db: Db = None,
) -> None:
    """Bring an exported thread back, whole or not at all."""
    from .location import Location
    from .thread_transfer import import_thread

    import_thread(Location.choose(db), file, into)


@retention.command()
@reported
def vacuum(
    db: Db = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON on stdout.")] = False,
) -> None:
    """Remove blobs that nothing refers to, and give the space of what was removed back."""
    from .location import Location
    from .whole_thread import vacuum_database

    vacuum_database(Location.choose(db), as_json=as_json)
