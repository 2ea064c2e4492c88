"""Options: the arguments that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Db", "Json"]

Db = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL",
        help="sqlite:///file.db or postgresql://user@host/name; default $QUORATE_DB, else sqlite:///quorate.db.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines on stdout, and nothing else.")]
