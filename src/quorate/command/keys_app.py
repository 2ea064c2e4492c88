"""KeysApp: the commands `quorate keys …` with their arguments and help."""

from __future__ import annotations

from typing import Annotated

import typer

from .failure import reported
from .options import Db

__all__ = ["keys"]

keys = typer.Typer(
    name="keys",
    help="Make keys for an encrypted database, and seal it anew under another.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@keys.command("new")
@reported
def new() -> None:
    """Print a new key for $QUORATE_KEYS. Whoever loses it loses what is sealed with it."""
    from .keys import print_key

    print_key()


@keys.command()
@reported
def rotate(
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Encrypt a database that is in plaintext; nothing else may use it.")
    ] = False,
    decrypt: Annotated[
        bool, typer.Option("--decrypt", help="Decrypt an encrypted database; nothing else may use it.")
    ] = False,
    db: Db = None,
) -> None:
    """Seal every row with the first key of $QUORATE_KEYS; then the others can be dropped from it.

    Run the same again after Ctrl-C: it goes on.
    """
    from .keys import rotate_keys
    from .location import Location

    if encrypt and decrypt:
        raise typer.BadParameter("give one of --encrypt, --decrypt")
    rotate_keys(Location.choose(db), "encrypt" if encrypt else "decrypt" if decrypt else None)
