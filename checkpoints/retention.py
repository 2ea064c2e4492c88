"""Retention: how long what is stored stays, and what becomes of whole threads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..contracts import InputError
from .blobs.blob_digests import digests_in
from .log.candidate import Candidate
from .log.content import content_of
from .log.line import LineKey
from .log.refusals import Refusals, Refused
from .log.store import Reader
from .thread import id_at, time_of
from .upkeep.keep import Keep
from .upkeep.thread_file import ThreadFile, thread_lines
from .upkeep.upkeep import Upkeep

if TYPE_CHECKING:
    from .database import Database

__all__ = ["Pruned", "Retention", "Vacuumed"]

_SETTING = "retention"
_UNDER_WAY = timedelta(hours=1)
"""How long a blob stays that nobody refers to: a run may be about to."""
_LINES = 256
"""How many lines are looked at, at a time, for blobs."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune did to a thread."""

    thread: str
    """The thread's id."""
    checkpoints: int = 0
    """How many of its checkpoints went, in all its namespaces."""
    kept: int = 0
    """How many stayed; where nothing went this may be 0."""
    freed: int = 0
    """About how many bytes became free; negative where what stays takes more than what went."""

    @property
    def deleted(self) -> bool:
        """Whether the whole thread went."""
        return bool(self.checkpoints) and not self.kept


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """What a vacuum did."""

    before: int
    """Bytes on the disk before."""
    after: int
    """Bytes on the disk after."""
    blobs: int
    """How many blobs went that nothing referred to."""


class Retention:
    """How long what is stored stays, and what becomes of whole threads.

    Each thread is changed in one transaction. Any method raises DatabaseError.

    Args:
        database: The database, which must stay open.
    """

    def __init__(self, database: Database) -> None:
        log = database.log
        self._upkeep = Upkeep(log.store, log.sealer, log.writer)
        self._blobs = database.blobs

    @property
    def policy(self) -> Keep | None:
        """What `prune` leaves where it is not told; None where nothing was decided."""
        with self._upkeep.store.reading() as reader:
            text = reader.setting(_SETTING)
        if text is None:
            return None
        found = json.loads(text)
        age = found.get("older_than")
        return Keep(found["keep"], None if age is None else timedelta(seconds=age))

    def decide(self, policy: Keep | None) -> None:
        """Let the database remember what `prune` leaves where it is not told; None: nothing is decided."""
        text = None
        if policy is not None:
            age = policy.older_than
            text = json.dumps({"keep": policy.what, "older_than": None if age is None else age.total_seconds()})
        self._upkeep.writer.do(lambda transaction: transaction.set(_SETTING, text))

    def threads(self, refused: Refused | None = None) -> list[str]:
        """The ids of all threads, those written last first.

        Args:
            refused: Takes the error of each one whose row cannot be opened, which is left out then; else it is raised.
        """
        return self._upkeep.threads(refused)

    def prune(
        self,
        threads: Iterable[str] | None = None,
        keep: Keep | None = None,
        *,
        now: datetime | None = None,
        dry_run: bool = False,
        done: Callable[[Pruned], None] | None = None,
    ) -> list[Pruned]:
        """Prune threads one after the other, and tell what became of each.

        What stays reads as before, and goes on as before. A thread that waits for a person, or has not ended, keeps its
        newest checkpoint at least, with all that was written on it.

        Args:
            threads: Their ids; None for all.
            keep: What stays; None for what the database was told to.
            now: When this is; None for now.
            dry_run: Whether to tell only what would go.
            done: Called with each thread when it is done; those before an error stay pruned.

        Raises:
            InputError: Nothing was said of what stays, or there is no thread of such an id; then nothing is pruned.
        """
        keep = self._decided() if keep is None else keep
        now = now or datetime.now(UTC)
        found = []
        refused = Refusals()
        for thread in self._upkeep.threads(refused) if threads is None else self._known(threads):
            found.append(self._prune(thread, keep, now, dry_run=dry_run))
            if done is not None:
                done(found[-1])
        refused.check()
        return found

    def delete(self, thread: str) -> None:
        """Delete a thread with all that it has. The ledger of effects stays: nothing is executed a second time.

        Raises:
            InputError: There is no such thread.
        """
        if not self._upkeep.delete(thread, datetime.now(UTC)):
            raise _missing(thread)

    def copy(self, source: str, target: str) -> None:
        """Copy a thread: its checkpoints with their ids, in all namespaces, with an audit chain of its own.

        Raises:
            InputError: There is no such thread, or there is one `target`, or `target` is empty.
        """
        _check_new(target)
        if not self._upkeep.copy(source, target, datetime.now(UTC)):
            raise _missing(source)

    def export(self, thread: str) -> Iterator[str]:
        """A thread as lines of JSON, without line ends, read as they are asked for.

        Raises:
            InputError: There is no such thread.
        """
        with self._upkeep.reading(thread) as (reader, lines):
            if not lines:
                raise _missing(thread)
            for line in thread_lines(reader, self._upkeep.sealer, lines, self._blobs, datetime.now(UTC)):
                yield json.dumps(line, ensure_ascii=False, separators=(",", ":"))

    def restore(
        self, lines: Iterable[str] | ThreadFile, into: str | None = None, *, name: str = "lines"
    ) -> tuple[str, int]:
        """Bring an exported thread back, whole or not at all: its id, and how many events it has.

        Args:
            lines: What `export` gave, or that in a file which was looked at already.
            into: The thread's new id, not empty; None for the one that it had.
            name: How errors call the lines.

        Raises:
            InputError: The lines are not those of a thread, or there is a thread of that id.
        """
        if into is not None:
            _check_new(into)
        file = lines if isinstance(lines, ThreadFile) else ThreadFile(lines, name)
        thread = file.thread if into is None else into
        with self._upkeep.reading(thread) as (_, found):
            if found:
                raise InputError(
                    f"thread {thread!r}",
                    got="a thread of that id, which is there already",
                    expected="an id that no thread has",
                    fix="import it under another id, or delete that thread first",
                )
        for content in file.blobs():
            self._blobs.put(content)
        return thread, self._upkeep.restore(thread, file.records, datetime.now(UTC))

    def vacuum(self, now: datetime | None = None) -> Vacuumed:
        """Remove blobs that no checkpoint refers to, and give the space of all that was removed back.

        Args:
            now: When this is; None for now. A blob that was stored in the hour before stays.
        """
        store = self._upkeep.store
        before = store.size()
        gone = self._blobs.remove_unreferenced(self._digests(), before=(now or datetime.now(UTC)) - _UNDER_WAY)
        store.vacuum()
        return Vacuumed(before, store.size(), gone)

    def _known(self, threads: Iterable[str]) -> list[str]:
        """The same ids, if each is that of a thread."""
        found = list(threads)
        for thread in found:
            with self._upkeep.reading(thread) as (_, lines):
                if not lines:
                    raise _missing(thread)
        return found

    def _decided(self) -> Keep:
        keep = self.policy
        if keep is None:
            raise InputError(
                "prune",
                got="no word on what stays, and nothing that the database remembers",
                expected="which checkpoints to keep, or from which age on they go",
                fix="say --keep latest, --keep decided, --keep 10 or --older-than 30d; --remember lets it be the rule",
            )
        return keep

    def _prune(self, thread: str, keep: Keep, now: datetime, *, dry_run: bool) -> Pruned:
        with self._upkeep.store.reading() as reader:
            if not _may_prune(reader, thread, keep, now):
                return Pruned(thread)
        changes = self._upkeep.prune(thread, _Rule(keep, now), str(keep), now, dry_run=dry_run)
        return Pruned(thread, changes.checkpoints, changes.kept, changes.freed)

    def _digests(self) -> set[str]:
        """Every digest that any row may refer to."""
        found: set[str] = set()
        sealer = self._upkeep.sealer
        with self._upkeep.store.reading() as reader:
            after = 0
            while rows := reader.line_rows(None, after, _LINES):
                after = rows[-1].id
                for line in (row.open(sealer) for row in rows):
                    for event in reader.events(line.id):
                        found |= digests_in(content_of(sealer, line, event, str(line.key)))
        return found


class _Rule:
    """A `Keep`, asked line by line: of a thread that goes altogether, nothing stays."""

    def __init__(self, keep: Keep, now: datetime) -> None:
        self._keep, self._now = keep, now
        self._gone: str | None = None

    def __call__(self, key: LineKey, candidates: Sequence[Candidate], pending: bool) -> set[int]:
        newest = candidates[-1]
        if self._keep.what == "none":
            if not key.namespace:
                # Asked again, a thread that somebody has gone on with meanwhile may no longer be over.
                over = newest.ended and not pending and self._keep.reaches(newest, self._now)
                self._gone = key.thread if over else None
            if key.thread == self._gone:
                return set()
        return self._keep.places(candidates, self._now)


def _may_prune(reader: Reader, thread: str, keep: Keep, now: datetime) -> bool:
    """Whether something may go: so that a thread of which nothing can go is not read."""
    for line in reader.lines(thread):
        tells = keep.older_than is not None and time_of(line.head_id or "") is not None
        before = id_at(now - keep.older_than) if tells and keep.older_than is not None else None
        old = reader.page([line.id], before_id=before, before=None, limit=2)
        if len(old) > 1 or (old and (keep.what == "none" or old[0].seq != line.head)):
            return True
    return False


def _check_new(thread: str) -> None:
    if not thread:
        raise InputError(
            "the new id", got="an empty one", expected="an id that no thread has", fix="name the new thread"
        )


def _missing(thread: str) -> InputError:
    return InputError(
        f"thread {thread!r}",
        got="no thread of that id",
        expected="a thread that is there",
        fix="look it up: quorate threads",
    )
