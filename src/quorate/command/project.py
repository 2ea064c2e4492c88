"""Project: the command `quorate project`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..contracts import DatabaseError
from .location import Location
from .screen import console, errors

if TYPE_CHECKING:
    from ..checkpoints.projection.projection import Projected

__all__ = ["project_threads"]


def project_threads(location: Location, *, to: str | None, rebuild: bool, plaintext: bool, as_json: bool) -> None:
    """Bring the projected tables up to date, and say what was done.

    Raises:
        DatabaseError: `to` is empty, or as `project` does.
    """
    from ..checkpoints.address import Address
    from ..checkpoints.projection.projection import project

    if to is not None and not to.strip():
        raise DatabaseError(
            "--to", got="an empty URL", expected="sqlite:///tables.db, say", fix="name a database, or leave --to out"
        )
    opened = location.open(existing=True) if to is None else location.open_to_read()
    with opened as database, _progress(silent=as_json) as report:
        done = project(database, to=to, rebuild=rebuild, plaintext=plaintext, report=report)
    if as_json:
        print(json.dumps(asdict(done)))  # noqa: T201 (the result)
        return
    where = location.shown if to is None else f"{location.shown} to {Address.parse(to).shown}"
    console().print(f"{_summary(done)}; {where}", soft_wrap=True)


def _summary(done: Projected) -> str:
    unreadable = f" ({done.unreadable} unreadable)" if done.unreadable else ""
    parts = [
        f"{done.changed} projected{unreadable}",
        f"{done.threads - done.changed} as before",
        f"{done.removed} removed",
    ]
    counts = (done.changed, done.threads - done.changed, done.removed)
    shown = [part for part, count in zip(parts, counts, strict=True) if count] or ["nothing to project"]
    return f"{done.threads} thread{'s' * (done.threads != 1)}: {', '.join(shown)}"


@contextmanager
def _progress(*, silent: bool) -> Iterator[Callable[[int, int], None]]:
    """Shows how many threads are done: on a terminal in one line that changes."""
    screen = errors()
    if silent:
        yield lambda done, total: None
    elif screen.is_terminal:
        with screen.status("Projecting") as status:
            yield lambda done, total: status.update(f"Projecting: {done} of {total} threads")
    else:
        yield lambda done, total: screen.print(f"[{done:>{len(str(total))}}/{total}] threads", soft_wrap=True)
