"""Upkeep: what is done to whole threads: they are pruned, deleted, copied and written again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from ...contracts import InputError
from ..log.line import Line
from ..log.refusals import Refused
from ..log.removal import remove_lines
from ..log.replica import Replica
from ..log.store import Reader, Store, Superseded, Transaction
from ..log.thread_record import ThreadRecord
from ..log.thread_records import thread_records
from ..log.writer import Writer
from ..sealing.seal import Sealer
from ..thread import checked_id
from .thread_prune import Chosen, ThreadChanges, apply_changes, plan_thread

__all__ = ["Upkeep"]

_TRIES = 3
"""How often a prune is worked out beside the writer, before the writer waits for it."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What is done to whole threads, each in one transaction. Any method raises DatabaseError."""

    store: Store
    """Where they are."""
    sealer: Sealer
    """What seals them."""
    writer: Writer
    """What writes to the store."""

    def threads(self, refused: Refused | None = None) -> list[str]:
        """The ids of all threads, those written last first; also of those whose first checkpoint never came.

        Args:
            refused: Takes the error of each one whose row cannot be opened, which is left out then; else it is raised.
        """
        with self.store.reading() as reader:
            return list(dict.fromkeys(line.key.thread for line in reader.lines(None, refused) if line.events))

    def prune(self, thread: str, choose: Chosen, policy: str, at: datetime, *, dry_run: bool = False) -> ThreadChanges:
        """Prune a thread, and tell what changed.

        Args:
            thread: Its id.
            choose: Says which checkpoints of a line stay.
            policy: What is to stay, in words, for the record.
            at: When this is.
            dry_run: Whether to tell only what would change.
        """
        checked_id(thread)
        for _ in range(_TRIES):
            with self.store.reading() as reader:
                changes = plan_thread(reader, self.sealer, thread, choose)
            if dry_run or changes.empty:
                return changes
            try:
                self.writer.do(self._change(changes, policy, at))
                return changes
            except Superseded:  # somebody wrote to the thread meanwhile
                continue
        found: ThreadChanges = self.writer.do(
            lambda transaction: self._at_once(transaction, thread, choose, policy, at)
        )
        return found

    def delete(self, thread: str, at: datetime) -> bool:
        """Delete a thread; whether there was one."""

        def work(transaction: Transaction) -> bool:
            lines = transaction.lines(checked_id(thread))
            remove_lines(transaction, self.sealer, lines, at)
            return bool(lines)

        found: bool = self.writer.do(work)
        return found

    def delete_runs(self, runs: Collection[str], at: datetime) -> None:
        """Delete the checkpoints of these runs, by `run_id` in their metadata, in all threads."""
        wanted = set(runs)
        for thread in self.threads() if wanted else ():
            self.prune(
                thread,
                lambda key, candidates, pending: {each.place for each in candidates if each.run not in wanted},
                f"without {len(wanted)} runs",
                at,
            )

    def copy(self, source: str, target: str, at: datetime) -> bool:
        """Copy a thread; whether there was one.

        Raises:
            InputError: There is a thread `target`.
        """

        def work(transaction: Transaction) -> bool:
            with self.reading(source) as (reader, lines):
                if lines:
                    replica = Replica(transaction, self.sealer, target)
                    for record in thread_records(reader, self.sealer, lines):
                        replica.add(record)
                    replica.finish(at, "a copy of a thread that was pruned")
                return bool(lines)

        found: bool = self.writer.do(work)
        return found

    def restore(self, thread: str, records: Callable[[Replica], Iterator[ThreadRecord]], at: datetime) -> int:
        """Write a thread; how many events it has.

        Args:
            thread: Its id.
            records: Its events, given where they are written: a later one may refer to what an earlier one held.
            at: When this is.

        Raises:
            InputError: There is such a thread, or the events do not follow one another.
        """

        def work(transaction: Transaction) -> int:
            replica = Replica(transaction, self.sealer, thread)
            count = 0
            for record in records(replica):
                try:
                    replica.add(record)
                except (ValueError, TypeError, KeyError, AttributeError) as error:
                    raise InputError(
                        f"event {count + 1} of the thread",
                        got=f"one that cannot be stored: {error}",
                        expected="an event as it was exported",
                        fix="take the file as `quorate export` wrote it",
                    ) from error
                count += 1
            replica.finish(at, "imported from a thread that was pruned")
            return count

        found: int = self.writer.do(work)
        return found

    @contextmanager
    def reading(self, thread: str) -> Iterator[tuple[Reader, list[Line]]]:
        """Reads of one moment, with the lines of a thread; none where there is no such thread."""
        with self.store.reading() as reader:
            yield reader, [line for line in reader.lines(checked_id(thread)) if line.events]

    def _change(self, changes: ThreadChanges, policy: str, at: datetime) -> Callable[[Transaction], None]:
        return lambda transaction: apply_changes(transaction, self.sealer, changes, at, policy)

    def _at_once(
        self, transaction: Transaction, thread: str, choose: Chosen, policy: str, at: datetime
    ) -> ThreadChanges:
        changes = plan_thread(transaction, self.sealer, thread, choose)
        apply_changes(transaction, self.sealer, changes, at, policy)
        return changes
