"""ThreadPrune: a thread pruned, in all its namespaces, in one transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..log.candidate import Candidate
from ..log.content import context_of
from ..log.digest import chain
from ..log.envelope import SALT, wrap
from ..log.line import Line, LineKey
from ..log.line_scan import LineScan
from ..log.pruned import Pruning
from ..log.removal import remove_lines
from ..log.store import Reader, Superseded, Transaction, WritesRow
from ..sealing.seal import Sealer
from ..thread import time_of
from .line_prune import LineChanges, prune_line

__all__ = ["Chosen", "ThreadChanges", "apply_changes", "plan_thread"]

Chosen = Callable[[LineKey, Sequence[Candidate], bool], set[int]]
"""Given a line, its checkpoints, the oldest first, and whether tasks wrote on the newest: the places that stay."""


@dataclass(slots=True)
class ThreadChanges:
    """What a prune changes in a thread."""

    thread: str
    """Its id."""
    lines: list[LineChanges] = field(default_factory=list)
    """What changes in its lines."""
    gone: list[Line] = field(default_factory=list)
    """The lines that go altogether."""
    checkpoints: int = 0
    """How many checkpoints go."""
    kept: int = 0
    """How many stay."""
    freed: int = 0
    """About how many bytes become free."""
    since: str | None = None
    """When the oldest of the thread's own checkpoints that stay was made, as the journal has times; None: unknown."""

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return not self.lines and not self.gone


def plan_thread(reader: Reader, sealer: Sealer, thread: str, choose: Chosen) -> ThreadChanges:
    """What a prune changes in a thread. A subgraph's line goes when the checkpoint does that its task ran on.

    Args:
        reader: Reads of one moment.
        sealer: What opens and seals rows.
        thread: The thread's id.
        choose: Says which checkpoints of a line stay; where it says none, the line goes.

    Raises:
        DatabaseError: The thread's log is not as quorate wrote it.
    """
    made = ThreadChanges(thread)
    left: dict[str, set[str]] = {}
    for line in sorted(reader.lines(thread), key=lambda line: line.key.namespace.count("|") + bool(line.key.namespace)):
        scan = LineScan(reader, sealer, line)
        if not scan.candidates:
            continue
        newest = scan.candidates[-1]
        kept: set[int] = set()
        if not _is_over(line.key.namespace, newest, left):
            pending = any(
                isinstance(each.row, WritesRow) and each.row.checkpoint == newest.place for each in scan.events
            )
            kept = choose(line.key, scan.candidates, pending)
        left[line.key.namespace] = {each.id for each in scan.candidates if each.place in kept}
        if not line.key.namespace and kept:
            made.since = _time_of(min(left[""]))
        made.kept += len(kept)
        if not kept:
            made.gone.append(line)
            made.checkpoints += len(scan.candidates)
            made.freed += sum(each.size for each in scan.events)
        elif (changes := prune_line(reader, sealer, scan, kept)) is not None:
            made.lines.append(changes)
            made.checkpoints += changes.checkpoints
            made.freed += changes.freed
    return made


def apply_changes(transaction: Transaction, sealer: Sealer, changes: ThreadChanges, at: datetime, policy: str) -> None:
    """Make the changes.

    Raises:
        Superseded: A line is no longer as it was when they were found out; nothing was changed.
    """
    for line in (*changes.gone, *(each.line for each in changes.lines)):
        now = transaction.line(line.key)
        if now is None or (now.id, now.tip, now.generation) != (line.id, line.tip, line.generation):
            raise Superseded
    if changes.gone:
        remove_lines(transaction, sealer, changes.gone, at)
    if changes.since is not None:
        # What was asked before is needed by no checkpoint that stays.
        transaction.forget(sealer.names_of(changes.thread), changes.since)
    if not changes.lines:
        return
    lines = transaction.open_lines([each.line.key for each in changes.lines])
    opened = [lines[each.line.key] for each in changes.lines]
    for each, line, place in zip(changes.lines, opened, transaction.places(len(opened)), strict=True):
        transaction.remove(line.id, each.removed)
        transaction.replace(*each.replaced)
        pruning = Pruning(at.astimezone(UTC).isoformat(), policy, each.events, each.gone, each.proved)
        salt = os.urandom(SALT) if sealer.encrypts else b""
        line.tip = chain(line.tip or line.key.origin, pruning.digest(salt))
        sealed = sealer.seal(wrap(pruning.content, salt), context_of(line, place))
        transaction.add([], [WritesRow(place, line.id, None, None, "", 0, line.tip, sealed)])
        line.events += 1
        line.generation += 1
        line.early -= each.early
        if line.head != each.head[0]:
            line.head, line.head_id, line.owner = *each.head, 0
    transaction.save(opened)


def _time_of(checkpoint: str) -> str | None:
    made = time_of(checkpoint)
    return None if made is None else made.isoformat(timespec="microseconds")


def _is_over(namespace: str, newest: Candidate, left: dict[str, set[str]]) -> bool:
    """Whether a line is that of a subgraph's task whose checkpoint, in the graph around it, does not stay."""
    around, _, last = namespace.rpartition("|")
    on = newest.parents.get(around)
    return ":" in last and on is not None and around in left and on not in left[around]
