"""Auditor: a user who may not write what others have, calling the command, as a child of a zygote."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pkgutil
from importlib import import_module
from pathlib import Path

import typer.main

import quorate
from quorate.command.app import app

__all__ = ["audit_calls"]

_NOBODY = 65534

for _module in pkgutil.walk_packages(quorate.__path__, "quorate."):
    if _module.name != "quorate.__main__":
        import_module(_module.name)  # what is imported later, that user may not be able to read


def audit_calls(calls: list[list[str]], folder: str, said: str) -> None:
    """Call the command with each of the arguments, and write the exit statuses, stdout and stderr as JSON to `said`."""
    command = typer.main.get_command(app)
    os.chdir(folder)
    results = []
    if os.geteuid() == 0:  # root may write to every file
        os.seteuid(_NOBODY)
    for arguments in calls:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = command(arguments, standalone_mode=False) or 0
            except typer.Exit as end:
                status = end.exit_code
        results.append([int(status), out.getvalue(), err.getvalue()])
    if os.getuid() == 0:
        os.seteuid(0)
    Path(said).write_text(json.dumps(results))
