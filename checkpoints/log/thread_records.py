"""ThreadRecords: the events of a thread, read one after the other."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from ..sealing.seal import Sealer
from .line import Line
from .line_view import LineView
from .proof import emptied_of
from .pruned import content_digests_of
from .snapshot import Snapshot
from .store import CheckpointRow, Reader, WritesRow
from .task_write import TaskWrite, in_order, raw_writes
from .thread_record import CarriedHistory, CheckpointRecord, ThreadRecord, WritesRecord
from .value import added_elements

__all__ = ["thread_records"]


def thread_records(reader: Reader, sealer: Sealer, lines: Sequence[Line]) -> Iterator[ThreadRecord]:
    """The events of these lines, in the order in which they came.

    Args:
        reader: Reads of one moment; it must stay open.
        sealer: What opens the rows.
        lines: The lines of the thread.

    Raises:
        DatabaseError: A row is not one that quorate wrote.
    """
    every = [_LineRecords(reader, sealer, line).records() for line in lines]
    for _, record in heapq.merge(*every, key=_place):
        yield record


def _place(each: tuple[int, ThreadRecord]) -> int:
    return each[0]


class _LineRecords(LineView):
    def __init__(self, reader: Reader, sealer: Sealer, line: Line) -> None:
        super().__init__(reader, sealer, line)
        self._reader = reader
        self._before: dict[int, int | None] = {}
        self._hidden: set[int] = set()

    def records(self) -> Iterator[tuple[int, ThreadRecord]]:
        for row in self._reader.events(self.line.id):
            salt, content = self.content(row)
            if isinstance(row, CheckpointRow):
                self._before[row.seq] = row.parent
                if row.depth < 0:
                    self._hidden.add(row.seq)
                else:
                    yield row.seq, self._checkpoint(row, content)
            elif content_digests_of(row, salt, content, self.where(row)) is None:
                yield row.seq, self._writes(row, content)

    def _checkpoint(self, row: CheckpointRow, content: bytes) -> CheckpointRecord:
        snapshot = self.snapshot(row, content)
        before = row.parent
        while before is not None and before in self._hidden:
            before = self._before[before]
        prior = None if before is None else self.snapshot_at(before)
        follows = None if prior is None else prior.id
        carried = self._carried(row, snapshot) if row.parent in self._hidden else {}
        if follows == snapshot.parent:
            new, emptied = dict.fromkeys(snapshot.own, row.seq), emptied_of(content, self.where(row))
        else:
            held = {} if prior is None else prior.held
            new = {
                channel: place
                for channel, place in snapshot.held.items()
                if held.get(channel) != place and (channel not in carried or not carried[channel].held)
            }
            emptied = [channel for channel in held if channel not in snapshot.held]
        values = {channel: self.value(channel, place) for channel, place in new.items()}
        added = {
            channel: found
            for channel, place in new.items()
            if (found := self._added(channel, place, prior)) is not None
        }
        return CheckpointRecord(
            self.line.key.namespace,
            row.id,
            snapshot.parent,
            follows,
            snapshot.sections,
            values,
            added,
            emptied,
            carried,
        )

    def _added(self, channel: str, place: int, prior: Snapshot | None) -> tuple[str, bytes] | None:
        """The earlier checkpoint to whose list a value adds elements, and these, where it is told of too."""
        other = None if prior is None else prior.held.get(channel)
        if other is None or other in self._hidden:
            return None
        (old_form, old), (form, content) = self.value(channel, other), self.value(channel, place)
        elements = added_elements(old, content) if form == old_form == "msgpack" else None
        id_ = None if elements is None else self.id_at(other)
        return None if elements is None or id_ is None else (id_, elements)

    def _carried(self, row: CheckpointRow, snapshot: Snapshot) -> dict[str, CarriedHistory]:
        path: list[int] = []
        place = row.parent
        while place is not None and place in self._hidden:
            path.append(place)
            place = self._before[place]
        rows = self._reader.path_writes(self.line.id, path[0], path[-1], -1)
        found = in_order(rows, raw_writes, lambda each: self.content(each)[1], str(self.line.key))
        written: dict[str, list[TaskWrite]] = {}
        ends = {**snapshot.seeds, **snapshot.held}
        for at, of_checkpoint in reversed(found.items()):
            for write in of_checkpoint:
                if at >= ends.get(write.channel, 0):
                    written.setdefault(write.channel, []).append(write)
        seeds = {channel: self.value(channel, place) for channel, place in ends.items() if place in path}
        return {
            channel: CarriedHistory(seeds.get(channel), channel in seeds and channel in snapshot.held, writes)
            for channel, writes in {**dict.fromkeys(seeds, ()), **written}.items()
        }

    def _writes(self, row: WritesRow, content: bytes) -> WritesRecord:
        checkpoint = row.early if row.checkpoint is None else self.id_at(row.checkpoint)
        if checkpoint is None:
            raise self.damaged(f"the checkpoint of the writes at place {row.seq} is not there")
        return WritesRecord(self.line.key.namespace, checkpoint, row.task, content)
