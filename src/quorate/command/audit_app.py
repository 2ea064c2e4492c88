"""AuditApp: the commands `quorate audit …` with their arguments and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .failure import reported
from .options import Db, Json

__all__ = ["audit"]

audit = typer.Typer(
    name="audit",
    help="Prove that what is stored is what was stored, and export what proves it later.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@audit.command()
@reported
def verify(
    thread: Annotated[
        str | None, typer.Argument(metavar="THREAD", help="Only this thread; its id, or as much of it as is unique.")
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option("--heads", metavar="FILE", help="What `quorate audit export` gave at an earlier time."),
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", metavar="FILE", help="The key of whoever signed it, as PEM.")
    ] = None,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Find what was changed, removed, inserted or moved in the checkpoints, and say which.

    What was cut off at the end of a thread, or removed with it, is found with --heads only. Exit status: 0 nothing is
    wrong, 1 something is, 2 it could not be checked.
    """
    from .audit import verify_log
    from .location import Location

    if public_key is not None and heads is None:
        raise typer.BadParameter("--public-key goes with --heads")
    raise typer.Exit(verify_log(Location.choose(db), thread, heads=heads, public_key=public_key, as_json=as_json))


@audit.command()
@reported
def export(
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The private key to sign with; default no signature.")
    ] = None,
    db: Db = None,
) -> None:
    """Print where each thread stands, as one line of JSON, to be kept apart from the database."""
    from .audit import export_heads
    from .location import Location

    export_heads(Location.choose(db), key)


@audit.command()
@reported
def keygen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="For the private key; the public one goes to FILE.pub.")],
) -> None:
    """Make an Ed25519 key to sign with. The private key is not encrypted: keep it apart from the database."""
    from .audit import make_signing_key

    make_signing_key(file)
