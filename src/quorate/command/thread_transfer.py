"""ThreadTransfer: the commands `quorate export` and `quorate import`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import IO

from ..contracts import InputError
from .location import Location
from .printable import id_of, line_of
from .screen import console, errors
from .thread_prefix import find_thread

__all__ = ["export_thread", "import_thread"]

_STANDARD = "-"


def export_thread(location: Location, prefix: str, file: str) -> None:
    """Write a thread to a new file, or to stdout.

    Raises:
        InputError: It is not there, or the file is, or cannot be written.
    """
    from ..checkpoints.retention import Retention

    with location.open_to_read() as database:
        thread = find_thread(database, prefix, location)
        lines = Retention(database).export(thread)
        if file == _STANDARD:
            for line in lines:
                print(line)  # noqa: T201 (the result)
            return
        count = _write(Path(file), lines)
    console().print(f"{id_of(thread)} exported: {count:,} lines to {line_of(file)}", soft_wrap=True)


def import_thread(location: Location, file: str, into: str | None) -> None:
    """Bring a thread back from a file, or from stdin.

    Raises:
        InputError: The file is not that of a thread, or the thread is there already.
    """
    from ..checkpoints.retention import Retention
    from ..checkpoints.upkeep.thread_file import ThreadFile

    stop = Event()
    with _opened(file) as source, ExitStack() as stack:
        # Looked at before a database is made for nothing.
        given = ThreadFile(_until(stop, source), "stdin" if file == _STANDARD else file)
        database = stack.enter_context(location.open())
        stack.enter_context(errors().status("Importing"))
        try:
            thread, events = Retention(database).restore(given, into)
        except KeyboardInterrupt:
            stop.set()  # the thread that writes undoes what it has
            raise
    console().print(
        f"{id_of(thread)} imported: {events:,} event{'s' * (events != 1)}; {location.shown}", soft_wrap=True
    )


def _write(path: Path, lines: Iterable[str]) -> int:
    """Write lines to a new file, which is there when it is whole; how many there are."""
    if path.exists():
        raise InputError(
            str(path),
            got="a file that is there already",
            expected="the name of a new one",
            fix="name another file, or remove that one first",
        )
    part = path.with_name(f".{path.name}.{os.getpid()}")
    count = 0
    try:
        with errors().status("Exporting"), part.open("w", encoding="utf-8", newline="\n") as out:
            for line in lines:
                out.write(f"{line}\n")
                count += 1
        part.replace(path)
    except OSError as error:
        raise _unfit(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return count


@contextmanager
def _opened(file: str) -> Iterator[IO[str]]:
    if file == _STANDARD:
        yield sys.stdin
        return
    try:
        source = Path(file).open(encoding="utf-8", newline="\n")  # noqa: SIM115 (errors of the body are not these)
    except OSError as error:
        raise _unfit(Path(file), error) from error
    with source:
        yield source


def _until(stop: Event, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if stop.is_set():
            raise InterruptedError("stopped")
        yield line


def _unfit(path: Path, error: OSError) -> InputError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return InputError(
        str(path),
        got=error.strerror or str(error),
        expected="room for it" if full else "a file in a folder that exists",
        fix="free some disk space, or name a file on another disk" if full else "correct the path",
    )
