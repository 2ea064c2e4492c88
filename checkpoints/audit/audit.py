"""Audit: all lines of a database, proved from what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from ...contracts import DatabaseError
from ..log.line import Line, LineKey
from ..log.line_row import LineRow
from ..log.removal import is_of
from ..log.store import Reader, Store
from ..sealing.seal import Sealer
from .finding import Finding
from .line_audit import LineAudit
from .signature import Head

__all__ = ["Audit", "heads_of"]

_PAGE = 256
"""How many lines are looked up at a time."""
_OFTEN = 256
"""After how many events progress is told."""


class Audit:
    """All lines of a database, proved from what is stored: iterate over it for what is wrong.

    One line at a time is read, each in a view of one moment, so that writers and long threads need not wait.

    Args:
        store: The database.
        sealer: What opens its rows.
        thread: The one thread to audit; by default all.
        heads: Where lines stood at an earlier time, so that what was cut off or removed since is found.
        progress: Called now and then, and at the end, with the number of events that were read.
    """

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        *,
        thread: str | None = None,
        heads: Iterable[Head] = (),
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._store, self._sealer, self._thread = store, sealer, thread
        self._heads = {LineKey(head.thread, head.namespace): head for head in heads}
        self._progress = progress
        self.threads: set[str] = set()
        """The threads that were read."""
        self.events = 0
        """How many events were read."""

    def __iter__(self) -> Iterator[Finding]:
        """What is wrong, line by line.

        Raises:
            DatabaseError: The database cannot be read.
        """
        self.threads, self.events = set(), 0
        left = {key: head for key, head in self._heads.items() if self._thread in (None, key.thread)}
        names = None if self._thread is None else self._sealer.names_of(self._thread)
        for number in _numbers(self._store, names):
            yield from self._line(number, left)
        if self._thread is None:
            yield from self._strays()
        for key, head in left.items():
            yield self._gone(key, head)
        if self._progress is not None:
            self._progress(self.events)

    def _line(self, number: int, left: dict[LineKey, Head]) -> list[Finding]:
        """What is wrong with a line; its head is taken out of those that are left."""
        with self._store.reading() as reader:
            row = next(iter(reader.line_rows(None, number - 1, 1)), None)
            if row is None or row.id != number:
                return []  # it has been deleted meanwhile
            try:
                line = _sound(row).open(self._sealer)
            except DatabaseError as error:
                return [Finding("unreadable", f"line {number}", row.namespace, None, None, None, error.got)]
            self.threads.add(line.key.thread)
            head = left.pop(line.key, None)
            try:
                found = LineAudit(reader, self._sealer, line, head)(self._tick)
            except DatabaseError as error:
                return [Finding("unreadable", *line.key, None, None, None, error.got)]
            if head is not None and found and found[-1].kind == "cut":
                removed_at = self._removed_at(reader, line.key, head)
                if removed_at is not None:
                    what = f"{found[-1].what}, and {_deleted(removed_at)}"
                    found[-1] = replace(found[-1], what=what)
            return found

    def _strays(self) -> Iterator[Finding]:
        with self._store.reading() as reader:
            lines = reader.strays()
        for line in lines:
            what = "it has events, but no row in quorate_threads"
            yield Finding("stray", f"line {line}", "", None, None, None, what)

    def _gone(self, key: LineKey, head: Head) -> Finding:
        """What became of a line that was signed, and is not there."""
        with self._store.reading() as reader:
            removed_at = self._removed_at(reader, key, head)
        if removed_at is None:
            what = f"it had {head.events} events on {head.at}, and is gone"
            return Finding("removed", *key, head.checkpoint_id or None, None, None, what)
        return Finding("deleted", *key, head.checkpoint_id or None, None, None, _deleted(removed_at))

    def _removed_at(self, reader: Reader, key: LineKey, head: Head) -> str | None:
        """When a line with this head was deleted, as the database tells."""
        for row in reader.removals():
            try:
                if is_of(row, self._sealer, key) and _reaches(row.events, row.tip, head):
                    return row.removed_at
            except DatabaseError:
                continue  # a row that was changed tells nothing
        return None

    def _tick(self) -> None:
        self.events += 1
        if self._progress is not None and self.events % _OFTEN == 0:
            self._progress(self.events)


def heads_of(store: Store, sealer: Sealer, at: datetime) -> Iterator[Head]:
    """Where each line stands that has an event.

    Args:
        store: The database.
        sealer: What opens its rows.
        at: When this is.

    Raises:
        DatabaseError: A line's row cannot be read.
    """
    after: int | None = 0
    while after is not None:
        with store.reading() as reader:
            rows = reader.line_rows(None, after, _PAGE)
        for row in rows:
            line = _sound(row).open(sealer)
            if line.tip is not None:
                yield _head(line, line.tip, at)
        after = rows[-1].id if len(rows) == _PAGE else None


def _head(line: Line, tip: bytes, at: datetime) -> Head:
    try:
        return Head(*line.key, line.head_id or "", tip.hex(), line.events, at.isoformat())
    except ValueError as error:
        raise DatabaseError(
            str(line.key),
            got=f"a row that is no end of a chain: {error}",
            expected="a row that quorate wrote",
            fix="see what was changed: quorate audit verify; then go on from a backup, or delete the thread",
        ) from error


def _numbers(store: Store, names: tuple[str, ...] | None) -> Iterator[int]:
    after: int | None = 0
    while after is not None:
        with store.reading() as reader:
            found = [row.id for row in reader.line_rows(names, after, _PAGE)]
        yield from found
        after = found[-1] if len(found) == _PAGE else None


def _reaches(events: int, tip: bytes | None, head: Head) -> bool:
    """Whether a line that was removed went on from a head, as far as that can be told."""
    return events > head.events or (events == head.events and tip is not None and tip.hex() == head.digest)


def _deleted(removed_at: str) -> str:
    return f"deleted by quorate at {removed_at}, says the table quorate_removed, which nobody signed"


def _sound(row: LineRow) -> LineRow:
    """The row, if its values are of the types that quorate stores.

    Raises:
        DatabaseError: One is not.
    """
    numbers = (row.events, row.early, row.owner, row.generation)
    ids = isinstance(row.head, int | None) and isinstance(row.head_id, str | None)
    names = isinstance(row.name, str) and isinstance(row.namespace, str) and isinstance(row.sealed, bytes | None)
    if not (names and ids and isinstance(row.tip, bytes | None) and all(isinstance(each, int) for each in numbers)):
        raise DatabaseError(
            f"line {row.id}",
            got="a row with a value of another type",
            expected="a row that quorate wrote",
            fix="find out what changed it, and go on from a backup",
        )
    return row
