"""Confirmation: the question before something goes that cannot be brought back."""

from __future__ import annotations

import sys

from ..contracts import InputError

__all__ = ["check_askable", "confirmed"]


def check_askable(command: str, *, yes: bool) -> None:
    """Check that somebody can be asked, or need not be.

    Raises:
        InputError: There is no terminal, and no `--yes`.
    """
    if not yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            command,
            got="no terminal to ask at, and no --yes",
            expected="somebody's word that this may go",
            fix=f"add --yes, once `{command} --dry-run` shows what you want"
            if command == "quorate prune"
            else "add --yes, once you are sure",
        )


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether it may be done: what somebody says at the terminal, or with `--yes` at once."""
    import typer

    try:
        return yes or typer.confirm(question, err=True)
    except typer.Abort as end:  # by Ctrl-C, or as the input has ended
        if isinstance(end.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
