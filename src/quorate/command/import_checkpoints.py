"""ImportCheckpoints: the command `quorate import-checkpoints`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .exit_status import ExitStatus
from .failure import show_error
from .location import Location
from .progress import progressing
from .screen import console, errors

if TYPE_CHECKING:
    from ..checkpoints.stock.importer import ImportedThread

__all__ = ["ImportCheckpoints"]

_WORDS = {
    "imported": "imported",
    "new": "to import",
    "present": "there already",
    "different": "different",
    "refused": "refused",
}
_MOST_ERRORS = 20


@dataclass
class ImportCheckpoints:
    """One call of `quorate import-checkpoints`."""

    source: str | None
    """The URL of the database with the stock savers' tables; None: the one that they are taken over to."""
    location: Location
    """Where the threads are taken over to."""
    threads: Sequence[str] = ()
    """The threads to take over; all where none is named."""
    trial: bool = False
    """Whether nothing is written."""
    as_json: bool = False
    """Whether stdout gets one JSON object per thread, and nothing else."""

    def __call__(self) -> ExitStatus:
        """Take the threads over, print what came of it, and give the exit status."""
        found: list[ImportedThread] = []
        with ExitStack() as stack:
            total, outcomes = self._begin(stack)
            with progressing("import", total, silent=self.as_json) as progress:
                for each in outcomes:
                    found.append(each)
                    progress.advance(each.id, _WORDS[each.status])
                    if self.as_json:
                        print(json.dumps(_line(each)), flush=True)  # noqa: T201 (the result)
        if not self.as_json:
            self._report(found)
        failed = any(each.error is not None for each in found)
        return ExitStatus.FAILED if failed else ExitStatus.SETTLED

    def _begin(self, stack: ExitStack) -> tuple[int, Iterator[ImportedThread]]:
        """How many threads there are, and what comes of them one by one."""
        from ..checkpoints.stock.importer import check_threads, import_threads, try_threads
        from ..checkpoints.stock.source import open_source, open_target, try_target

        source = self.source or self.location.url
        if self.trial:
            tables = stack.enter_context(open_source(source))
            threads = check_threads(tables, self.threads)
            database = stack.enter_context(try_target(self.location.url))
            return len(threads), try_threads(tables, None if database is None else database.log, threads)
        with open_source(source) as tables:  # before a target is made for nothing
            check_threads(tables, self.threads)
        target = stack.enter_context(open_target(self.location.url))
        # Again: what an earlier quorate stored in the same database was taken over as it was opened.
        tables = stack.enter_context(open_source(source))
        threads = check_threads(tables, self.threads)
        return len(threads), import_threads(tables, target.log, threads)

    def _report(self, found: Sequence[ImportedThread]) -> None:
        from ..checkpoints.address import Address

        failed = [each.error for each in found if each.error is not None]
        for error in failed[:_MOST_ERRORS]:
            show_error(error)
        if len(failed) > _MOST_ERRORS:
            errors().print(f"… and {len(failed) - _MOST_ERRORS} more; --json names all of them", soft_wrap=True)
        source = Address.parse(self.source or self.location.url)
        target = Address.parse(self.location.url)
        same = source.url == target.url or (
            source.scheme == target.scheme == "sqlite" and source.path.resolve() == target.path.resolve()
        )
        screen = console()
        where = source.shown if same else f"{source.shown} to {target.shown}"
        screen.print(f"{_summary(found)}; {where}", soft_wrap=True)
        if self.trial:
            screen.print("Nothing was written: without --dry-run the threads are taken over.", soft_wrap=True)
        elif same and not failed and not self.threads:
            screen.print(
                "The older tables are no longer read. To drop them, once nothing else uses them: "
                + _DROP[source.scheme],
                soft_wrap=True,
            )


_DROP = {
    "sqlite": "DROP TABLE writes; DROP TABLE checkpoints; VACUUM;",
    "postgresql": "DROP TABLE checkpoint_writes, checkpoint_blobs, checkpoints, checkpoint_migrations;",
}


def _summary(found: Sequence[ImportedThread]) -> str:
    counts = Counter(str(each.status) for each in found)
    parts = [f"{counts[status]} {word}" for status, word in _WORDS.items() if counts[status]]
    moved = [each for each in found if each.status in ("imported", "new")]
    rows = (
        f" ({_count(sum(each.checkpoints for each in moved), 'checkpoint')}, "
        f"{_count(sum(each.writes for each in moved), 'write')})"
    )
    return f"{_count(len(found), 'thread')}: {', '.join(parts) or 'nothing to do'}{rows if moved else ''}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _line(each: ImportedThread) -> dict[str, Any]:
    line: dict[str, Any] = {
        "thread": each.id,
        "status": each.status,
        "checkpoints": each.checkpoints,
        "writes": each.writes,
    }
    if each.error is not None:
        line |= {"where": each.error.where, "got": each.error.got, "fix": each.error.fix}
    return line
