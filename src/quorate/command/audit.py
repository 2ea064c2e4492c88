"""Audit: the commands `quorate audit …`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..contracts import DatabaseError, InputError
from .exit_status import ExitStatus
from .location import Location
from .printable import id_of, line_of
from .screen import console, errors

if TYPE_CHECKING:
    from rich.console import Console

    from ..checkpoints import Database
    from ..checkpoints.audit.finding import Finding
    from ..checkpoints.audit.signature import Head

__all__ = ["export_heads", "make_signing_key", "verify_log"]


def verify_log(
    location: Location, thread: str | None, *, heads: Path | None, public_key: Path | None, as_json: bool
) -> ExitStatus:
    """Print what is wrong with the checkpoints, and give the exit status: settled where nothing is.

    Raises:
        InputError: There is no such thread, neither in the database nor among the heads.
        DatabaseError: The database, the heads or the key cannot be read.
    """
    from ..checkpoints.audit.audit import Audit

    known = _read_heads(heads, public_key, silent=as_json)
    with location.open_to_read() as database, _progress(silent=as_json) as progress:
        log = database.log
        only = None if thread is None else _find(database, known, thread, location)
        audit = Audit(log.store, log.sealer, thread=only, heads=known, progress=progress)
        found = 0
        last: tuple[str, str] | None = None
        for finding in audit:
            found += 1
            if as_json:
                print(json.dumps(asdict(finding)), flush=True)  # noqa: T201 (the result)
            else:
                last = _show(console(), finding, last)
    if not as_json:
        what = f"{found} finding{'s' * (found != 1)}" if found else "nothing is wrong"
        of = f"{_counted(audit.events, 'event')} of {_counted(len(audit.threads), 'thread')}"
        console().print(f"{of}: {what}; {location.shown}", soft_wrap=True)
    return ExitStatus.FAILED if found else ExitStatus.SETTLED


def export_heads(location: Location, key: Path | None) -> None:
    """Print where each thread stands, signed where a key is given.

    Raises:
        DatabaseError: The database or the key cannot be read.
    """
    from ..checkpoints.audit.audit import heads_of
    from ..checkpoints.audit.signature import sign, unsigned
    from ..checkpoints.audit.signing_key import load_private_key

    private = None if key is None else load_private_key(key)
    with location.open_to_read() as database:
        heads = list(heads_of(database.log.store, database.log.sealer, datetime.now(UTC)))
    print(unsigned(heads) if private is None else sign(heads, private).to_json())  # noqa: T201 (the result)
    signed = "not signed" if private is None else f"signed by {private.public_key().public_bytes_raw().hex()}"
    threads = {head.thread for head in heads}
    errors().print(f"{_counted(len(threads), 'thread')} of {location.shown}, {signed}", soft_wrap=True)


def make_signing_key(file: Path) -> None:
    """Write a new key to a file that does not exist, which its owner alone may read, and its public half beside it.

    Raises:
        DatabaseError: A file is there, or cannot be written.
    """
    from ..checkpoints.audit.signing_key import generate_signing_key

    public = file.with_name(f"{file.name}.pub")
    texts = generate_signing_key()
    # The public one first: where it is refused, no private key is left behind.
    for path, text, mode in ((public, texts[1], 0o644), (file, texts[0], 0o600)):
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as opened:
                opened.write(text)
        except OSError as error:
            raise DatabaseError(
                str(path),
                got=error.strerror or type(error).__name__,
                expected="a new file in a folder that can be written",
                fix="name another file; a key that is there is not overwritten",
            ) from error
    console().print(f"private key {file}: sign with it, and keep it apart from the database", soft_wrap=True)
    console().print(f"public key {public}: give it to whoever verifies", soft_wrap=True)


def _read_heads(path: Path | None, public_key: Path | None, *, silent: bool) -> tuple[Head, ...]:
    from ..checkpoints.audit.signature import read_heads
    from ..checkpoints.audit.signing_key import load_public_key

    if path is None:
        return ()
    try:
        document = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "no UTF-8 text"
        raise DatabaseError(
            f"heads {path}", got=problem, expected="what quorate audit export gave", fix="correct the path"
        ) from error
    trusted = None if public_key is None else load_public_key(public_key)
    try:
        heads, signer = read_heads(document, trusted)
    except DatabaseError as error:
        raise DatabaseError(f"heads {path}", got=error.got, expected=error.expected, fix=error.fix) from error
    if public_key is None and not silent:
        by = "nobody" if signer is None else f"{signer}; pass --public-key if that is to be somebody you know"
        errors().print(f"{path}: signed by {by}", soft_wrap=True)
    return heads


def _find(database: Database, heads: tuple[Head, ...], given: str, location: Location) -> str:
    """The thread that is meant, of those that are there or were signed."""
    from .thread_prefix import find_thread

    if any(head.thread == given for head in heads):
        return given
    try:
        return find_thread(database, given, location)
    except InputError:
        signed = {head.thread for head in heads if head.thread.startswith(given)}
        if len(signed) != 1:
            raise
        return signed.pop()
    except DatabaseError:
        return given  # one line of another thread cannot be read: that is no reason not to audit this one


def _show(screen: Console, finding: Finding, last: tuple[str, str] | None) -> tuple[str, str]:
    """Print a finding, under its thread where that is another than the last one's."""
    from rich.text import Text

    line = finding.thread, finding.namespace
    if line != last:
        name = f"thread {finding.thread}" + (f", namespace {finding.namespace}" if finding.namespace else "")
        screen.print(Text(id_of(name), style="bold"), soft_wrap=True)
    event = "" if finding.checkpoint is None else f"checkpoint {finding.checkpoint}"
    if finding.task is not None:
        event = f"writes of task {finding.task}" + (f" on {event}" if event else "")
    place = "" if finding.place is None else f"place {finding.place}"
    where = ", ".join(each for each in (event, place) if each)
    text = Text.assemble(
        "  ", (f"{finding.kind:<10}", "red"), line_of(f"{where}: {finding.what}" if where else finding.what)
    )
    screen.print(text, soft_wrap=True)
    return line


@contextmanager
def _progress(*, silent: bool) -> Iterator[Callable[[int], None]]:
    """Shows how many events were read, on a terminal."""
    screen = errors()
    if silent or not screen.is_terminal:
        yield lambda events: None
        return
    with screen.status("Reading") as status:
        yield lambda events: status.update(f"Reading: {events:,} events")


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"
