"""Replica: a thread that is written again, event by event, with an audit chain of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import ormsgpack

from ...contracts import InputError
from ..sealing.seal import Sealer
from ..thread import checked_id
from .carried import CarriedWrites
from .codec import DEEPEST, encode_checkpoint, header_of, mask_of, writes_digest
from .content import context_of
from .digest import chain, content_digest
from .envelope import SALT, wrap
from .forms import read_marked
from .line import Line, LineKey
from .line_view import LineView
from .mark import Marks, mark_of
from .pruned import Pruning, carried_checkpoint, carried_writes, row_digest, stub
from .recent import Recent
from .request import PutCheckpoint, Typed
from .snapshot import Snapshot
from .store import CheckpointRow, Transaction, WritesRow
from .task_write import TaskWrite, raw_writes
from .thread_record import CarriedHistory, CheckpointRecord, ThreadRecord, WritesRecord
from .value import full
from .written import written_of

__all__ = ["Replica"]

_ROWS = 256
"""How many rows are added at a time."""
_PATH = ormsgpack.packb("")
_KEPT = 32 << 20
"""How many bytes of checkpoints are kept, to which later ones may refer."""


@dataclass(slots=True)
class _LineCopy:
    """A line that is being written."""

    line: Line
    places: dict[str, int] = field(default_factory=dict)
    snapshots: Recent[Snapshot] = field(default_factory=lambda: Recent(_KEPT))
    latest: dict[str, tuple[int, Typed]] = field(default_factory=dict)
    early: dict[str, int] = field(default_factory=dict)
    proved: dict[int, bytes] = field(default_factory=dict)
    gone: int = 0


class Replica:
    """A thread that is written again, event by event, in one transaction. Any method raises DatabaseError.

    Args:
        transaction: Where to write it.
        sealer: What seals it.
        thread: The new thread's id.

    Raises:
        InputError: There is such a thread, or can be none of that id.
    """

    def __init__(self, transaction: Transaction, sealer: Sealer, thread: str) -> None:
        self._transaction, self._sealer, self._thread = transaction, sealer, thread
        if transaction.lines(checked_id(thread)):
            raise InputError(
                f"thread {thread!r}",
                got="a thread of that id, which is there already",
                expected="an id that no thread has",
                fix="name another id, or delete that thread first",
            )
        self._copies: dict[str, _LineCopy] = {}
        self._places: Iterator[int] = iter(())
        self._checkpoints: list[CheckpointRow] = []
        self._writes: list[WritesRow] = []

    def add(self, record: ThreadRecord) -> None:
        """Write the next event.

        Raises:
            InputError: It follows a checkpoint that is not there.
        """
        copy = self._copy(record.namespace)
        if isinstance(record, CheckpointRecord):
            self._add_checkpoint(copy, record)
        else:
            self._add_writes(copy, record)
        if len(self._checkpoints) + len(self._writes) >= _ROWS:
            self._flush()

    def value(self, namespace: str, checkpoint: str, channel: str) -> Typed:
        """The serialised value that a channel has in a checkpoint that was written.

        Raises:
            InputError: There is none.
        """
        copy = self._copy(namespace)
        snapshot = self._snapshot(copy, checkpoint)
        place = snapshot.held.get(channel)
        if place is None:
            raise _absent(copy.line, f"checkpoint {checkpoint} with a value of {channel!r}")
        latest = copy.latest.get(channel)
        if latest is not None and latest[0] == place:
            return latest[1]
        self._flush()
        return LineView(self._transaction, self._sealer, copy.line).value(channel, place)

    def finish(self, at: datetime, policy: str) -> None:
        """Write what is left.

        Args:
            at: When this is.
            policy: Where it comes from, in words, for what pruning had left.
        """
        self._flush()
        for copy in self._copies.values():
            if copy.proved:
                pruning = Pruning(at.astimezone(UTC).isoformat(), policy, 0, copy.gone, copy.proved)
                salt = self._salt()
                self._append(copy.line, pruning.digest(salt))
                row = WritesRow(self._place(), copy.line.id, None, None, "", 0, copy.line.tip or b"", b"")
                self._put(copy, row._replace(payload=pruning.content), salt)
        self._flush()
        self._transaction.save([copy.line for copy in self._copies.values()])

    def _add_checkpoint(self, copy: _LineCopy, record: CheckpointRecord) -> None:
        line = copy.line
        prior = None if record.follows is None else self._snapshot(copy, record.follows)
        before = None if prior is None else prior.seq
        stands = record.parent != record.follows
        if stands:
            before = self._carry(copy, before, record.carried) if record.carried else before
            prior = _around(prior, before, record.carried)
        seq, salt = self._place(), self._salt()
        values: dict[str, Typed | None] = {**dict.fromkeys(record.emptied), **record.values}
        header = header_of(record.sections, record.parent)
        request = PutCheckpoint(
            line.key, record.id, record.parent, header, values, values.keys(), whole=False, run=None, forks=True
        )
        payload, content, snapshot = encode_checkpoint(request, seq, prior, salt)
        self._append(line, content)
        row = CheckpointRow(seq, line.id, record.id, before, snapshot.depth, line.tip or b"", payload)
        if stands:
            copy.proved[seq] = row_digest(row, salt, payload)
        self._put(copy, row, salt)
        copy.places[record.id] = seq
        copy.latest |= {channel: (seq, value) for channel, value in record.values.items()}
        copy.snapshots.keep(seq, snapshot, 4 * len(payload) + sum(len(body) for _, body in snapshot.bodies.values()))
        line.head, line.head_id = seq, record.id
        if record.id in copy.early:
            self._flush()
            line.early -= self._transaction.adopt(line.id, record.id, seq)
            del copy.early[record.id]

    def _carry(self, copy: _LineCopy, before: int | None, carried: Mapping[str, CarriedHistory]) -> int:
        """Write what pruning left of channels, and give the place."""
        line, place = copy.line, self._place()
        values = {channel: full(history.seed) for channel, history in carried.items() if history.seed is not None}
        # What was pruned is not known here: these rows stand for themselves, and the pruning tells of them.
        own = content_digest(("carried", place))
        self._append(line, own)
        content = carried_checkpoint(own, values)
        row = CheckpointRow(place, line.id, f"pruned {place}", before, -1, line.tip or b"", content)
        copy.proved[place] = row_digest(row, b"", content)
        copy.gone += 1
        self._put(copy, row, b"")
        self._carry_writes(copy, place, [write for history in carried.values() for write in history.writes])
        return place

    def _carry_writes(self, copy: _LineCopy, place: int, writes: Sequence[TaskWrite]) -> None:
        """Write what was written to delta channels, as if each write had been a task's event of its own."""
        if not writes:
            return
        line = copy.line
        left = [
            CarriedWrites(f"pruned {place}.{number}", write.task, _PATH, self._salt(), [_packed(write)])
            for number, write in enumerate(writes)
        ]
        *others, last = [each.digest for each in left]
        for digest in others:
            self._append(line, digest)
        if others:
            row = WritesRow(self._place(), line.id, None, None, "", 0, line.tip or b"", stub(others))
            self._put(copy, row, b"")
        self._append(line, last)
        content = carried_writes(last, left)
        mask = mask_of([write.channel for write in writes])
        row = WritesRow(self._place(), line.id, place, None, "", mask, line.tip or b"", content)
        copy.proved[row.seq] = row_digest(row, b"", content)
        copy.gone += len(left)
        self._put(copy, row, b"")

    def _add_writes(self, copy: _LineCopy, record: WritesRecord) -> None:
        line, salt = copy.line, self._salt()
        written = written_of(record.content)
        self._append(line, writes_digest(record.checkpoint, record.task, written.path, written.digests, salt))
        place = copy.places.get(record.checkpoint)
        early = record.checkpoint if place is None else None
        if early is not None:
            line.early += 1
            copy.early[early] = copy.early.get(early, 0) + 1
        mask, tip = mask_of([raw_writes(write)[1] for write in written.writes]), line.tip or b""
        self._put(copy, WritesRow(self._place(), line.id, place, early, record.task, mask, tip, record.content), salt)

    def _copy(self, namespace: str) -> _LineCopy:
        copy = self._copies.get(namespace)
        if copy is None:
            key = LineKey(self._thread, namespace)
            copy = self._copies[namespace] = _LineCopy(self._transaction.open_lines([key])[key])
        return copy

    def _snapshot(self, copy: _LineCopy, checkpoint: str) -> Snapshot:
        place = copy.places.get(checkpoint)
        known = None if place is None else copy.snapshots.get(place)
        if known is None and place is not None:
            self._flush()
            known = read_marked(self._sealer, self._transaction, copy.line, checkpoint)
        if known is None:
            raise _absent(copy.line, f"checkpoint {checkpoint}")
        return known

    def _append(self, line: Line, content: bytes) -> None:
        line.tip = chain(line.tip or line.key.origin, content)
        line.events += 1

    def _put(self, copy: _LineCopy, row: CheckpointRow | WritesRow, salt: bytes) -> None:
        sealed = self._sealer.seal(wrap(row.payload, salt), context_of(copy.line, row.seq))
        if isinstance(row, CheckpointRow):
            self._checkpoints.append(row._replace(payload=sealed))
        else:
            self._writes.append(row._replace(payload=sealed))

    def _flush(self) -> None:
        self._transaction.add(self._checkpoints, self._writes)
        self._checkpoints, self._writes = [], []

    def _place(self) -> int:
        place = next(self._places, None)
        if place is None:
            self._places = iter(self._transaction.places(_ROWS))
            place = next(self._places)
        return place

    def _salt(self) -> bytes:
        return os.urandom(SALT) if self._sealer.encrypts else b""


def _around(prior: Snapshot | None, place: int | None, carried: Mapping[str, CarriedHistory]) -> Snapshot | None:
    """What a checkpoint follows: the one before it, with what pruning left of channels at a place.

    Its header is not to be told by what changed, as others stood between them.
    """
    if place is None:
        return None
    if prior is None:
        made = Snapshot(place, "", None, {"c": {}, "m": {}, "s": {}, "v": {}}, {}, {}, {}, marks=Marks({}, {}))
    else:
        marks = None if prior.marks is None else Marks(dict(prior.marks.held), dict(prior.marks.seeds))
        made = replace(prior, held=dict(prior.held), seeds=dict(prior.seeds), marks=marks)
    made.depth = DEEPEST
    for channel, history in carried.items():
        if history.seed is not None and made.marks is not None:
            for places, of in ((made.held, made.marks.held), (made.seeds, made.marks.seeds)):
                places.pop(channel, None)
                of.pop(channel, None)
            (made.held if history.held else made.seeds)[channel] = place
            (made.marks.held if history.held else made.marks.seeds)[channel] = mark_of(history.seed)
    return made


def _packed(write: TaskWrite) -> bytes:
    form = ("a",) if type(write.value) is bytearray else ()
    return ormsgpack.packb([0, write.channel, write.value, *form], option=ormsgpack.OPT_NON_STR_KEYS)


def _absent(line: Line, what: str) -> InputError:
    return InputError(
        str(line.key),
        got=f"an event that follows {what}, which did not come before",
        expected="events in the order in which they were exported",
        fix="take the file as `quorate export` wrote it",
    )
