"""Reading: checkpoints as LangGraph has them, from the log's rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import ormsgpack
from langgraph.checkpoint.base import CheckpointTuple, DeltaChannelHistory, PendingWrite
from langgraph.checkpoint.serde.base import SerializerProtocol

from ..log.codec import damaged, decode_checkpoint, mask_of
from ..log.content import content_of, read_snapshot, snapshot_of
from ..log.forms import Forms
from ..log.line import Line, LineKey
from ..log.request import Typed
from ..log.snapshot import Snapshot
from ..log.store import CheckpointRow, Reader, Store, Superseded, WritesRow
from ..log.task_write import TaskWrite, in_order
from ..sealing.seal import Sealer
from .config import config_of

__all__ = ["Reading"]

_PAGE = 64
"""How many checkpoints are read at a time when they are listed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Checkpoints as LangGraph has them, from the log's rows."""

    store: Store
    """Where the rows are."""
    sealer: Sealer
    """What opens them."""

    def newest(
        self, key: LineKey, checkpoint: str | None, serde: SerializerProtocol
    ) -> tuple[Line | None, CheckpointTuple | None]:
        """Where a line stands, and one of its checkpoints: the newest where `checkpoint` is None."""
        while True:
            with self.store.reading() as reader, suppress(Superseded):
                found = reader.find(key, checkpoint)
                if found is None:
                    return None, None
                snapshot = snapshot_of(self.sealer, found.line, found.chain)
                if snapshot is None:
                    return found.line, None
                forms = self._forms(reader, found.line, [snapshot], found.chain)
                return found.line, self._tuples(found.line, [snapshot], forms, found.writes, serde)[0]

    def listed(
        self,
        thread: str | None,
        namespace: str | None,
        checkpoint: str | None,
        *,
        serde: SerializerProtocol,
        filter: Mapping[str, Any] | None,  # noqa: A002 (the name in BaseCheckpointSaver)
        before: str | None,
        limit: int | None,
    ) -> Iterator[CheckpointTuple]:
        """The checkpoints that match, newest first, read a page at a time."""
        left = limit
        place: int | None = None
        lines: dict[int, Line] | None = None
        while left is None or left > 0:
            size = _PAGE if left is None or filter else min(left, _PAGE)
            with self.store.reading() as reader:
                if lines is None:
                    lines = self._lines(reader, thread, namespace)
                if checkpoint is not None:
                    page = [row for number in lines for row in reader.chain(number, checkpoint)[-1:]]
                    page = [row for row in page if before is None or row.id < before]
                elif lines:
                    chosen = None if thread is None and namespace is None else list(lines)
                    page = reader.page(chosen, before_id=before, before=place, limit=size)
                else:
                    page = []
                rows = [row for row in page if row.line in lines]
                found = self._page(reader, lines, rows, serde, filter, left)
            yield from found
            left = None if left is None else left - len(found)
            if len(page) < size or checkpoint is not None:
                return
            place = page[-1].seq

    def history(
        self, key: LineKey, checkpoint: str | None, channels: Sequence[str], serde: SerializerProtocol
    ) -> dict[str, DeltaChannelHistory]:
        """For each delta channel, the last stored value before a checkpoint, and what was written after it."""
        histories: dict[str, DeltaChannelHistory] = {channel: {"writes": []} for channel in channels}
        while True:
            with self.store.reading() as reader, suppress(Superseded):
                found = reader.find(key, checkpoint, writes=False)
                snapshot = None if found is None else snapshot_of(self.sealer, found.line, found.chain)
                if found is None or snapshot is None:
                    return histories
                line, start = found.line, found.chain[-1].parent
                places = {channel: self._end(reader, line, snapshot, channel) for channel in channels}
                ends = {channel: place for channel, place in places.items() if place is not None}
                first, mask = min(ends.values(), default=0), mask_of(list(ends))
                path = reader.path_writes(line.id, start, first, mask) if start and ends else []
                seeds = self._values(reader, line, {channel: place for channel, place in ends.items() if place})
                break
        for place, writes in reversed(self._writes(line, path, serde).items()):
            for write in writes:
                if place >= ends.get(write.channel, place + 1):
                    histories[write.channel]["writes"].append(write)
        for channel, value in seeds.items():
            histories[channel]["seed"] = _loaded(value, serde, f"{key}, channel {channel!r}")
        return histories

    def _end(self, reader: Reader, line: Line, snapshot: Snapshot, channel: str) -> int | None:
        """The place that holds a channel's last value before a checkpoint; 0: there was none; None: it was pruned."""
        place = snapshot.held.get(channel)
        if place != snapshot.seq:
            return snapshot.seeds.get(channel, 0) if place is None else place
        if snapshot.parent is None:
            return 0
        parent = read_snapshot(self.sealer, reader, line, snapshot.parent)
        return None if parent is None else parent.held.get(channel, parent.seeds.get(channel, 0))

    def _lines(self, reader: Reader, thread: str | None, namespace: str | None) -> dict[int, Line]:
        """The lines of a thread, or of all; in one namespace, or in all."""
        return {line.id: line for line in reader.lines(thread) if namespace in (None, line.key.namespace)}

    def _page(
        self,
        reader: Reader,
        lines: Mapping[int, Line],
        rows: Sequence[CheckpointRow],
        serde: SerializerProtocol,
        filter: Mapping[str, Any] | None,  # noqa: A002 (the name in BaseCheckpointSaver)
        most: int | None,
    ) -> list[CheckpointTuple]:
        known: dict[int, Snapshot] = {}
        chosen: list[Snapshot] = []
        for row in reversed(rows):  # the older ones first, which the newer ones need
            known[row.seq] = self._snapshot(reader, lines[row.line], row, known)
        for row in rows:
            metadata = known[row.seq].sections["m"]
            if all(metadata.get(name) == value for name, value in (filter or {}).items()):
                chosen.append(known[row.seq])
        chosen = chosen[:most]
        line_of = {row.seq: lines[row.line] for row in rows}
        made: dict[int, CheckpointTuple] = {}
        for line in {line_of[snapshot.seq].id: line_of[snapshot.seq] for snapshot in chosen}.values():
            of_line = [snapshot for snapshot in chosen if line_of[snapshot.seq] is line]
            writes = reader.writes(line.id, [snapshot.seq for snapshot in of_line])
            tuples = self._tuples(line, of_line, self._forms(reader, line, of_line), writes, serde)
            made |= {snapshot.seq: each for snapshot, each in zip(of_line, tuples, strict=True)}
        return [made[snapshot.seq] for snapshot in chosen]

    def _snapshot(self, reader: Reader, line: Line, row: CheckpointRow, known: Mapping[int, Snapshot]) -> Snapshot:
        where = f"{line.key}, checkpoint {row.id}"
        parent = None
        if row.depth:
            parent = known.get(row.parent or 0) or read_snapshot(self.sealer, reader, line, row.id)
            if parent is not None and parent.id == row.id:
                return parent
        return decode_checkpoint(content_of(self.sealer, line, row, where), row.seq, row.id, parent, where)

    def _tuples(
        self,
        line: Line,
        snapshots: Sequence[Snapshot],
        forms: Forms,
        rows: Sequence[WritesRow],
        serde: SerializerProtocol,
    ) -> list[CheckpointTuple]:
        """The checkpoints with their values and what tasks wrote on them."""
        writes = self._writes(line, rows, serde)
        made = []
        for snapshot in snapshots:
            where = f"{line.key}, checkpoint {snapshot.id}"
            checkpoint = _unpacked(snapshot.sections["c"], serde, where)
            checkpoint["id"] = snapshot.id
            checkpoint["channel_versions"] = snapshot.sections["v"]
            checkpoint["versions_seen"] = snapshot.sections["s"]
            checkpoint["channel_values"] = {
                channel: _loaded(forms.value(channel, place), serde, f"{where}, channel {channel!r}")
                for channel, place in snapshot.held.items()
            }
            made.append(
                CheckpointTuple(
                    config=config_of(line.key, snapshot.id),
                    checkpoint=checkpoint,
                    metadata=_unpacked(snapshot.sections["m"], serde, where),
                    parent_config=None if snapshot.parent is None else config_of(line.key, snapshot.parent),
                    pending_writes=list[PendingWrite](writes.get(snapshot.seq, ())),
                )
            )
        return made

    def _forms(
        self, reader: Reader, line: Line, snapshots: Sequence[Snapshot], rows: Sequence[CheckpointRow] = ()
    ) -> Forms:
        """The values of checkpoints, loaded."""
        known = {snapshot.seq: snapshot.own for snapshot in snapshots}
        forms = Forms(self.sealer, reader, line, known=known, rows=rows)
        forms.load(pair for snapshot in snapshots for pair in snapshot.held.items())
        return forms

    def _values(self, reader: Reader, line: Line, places: Mapping[str, int]) -> dict[str, Typed]:
        forms = Forms(self.sealer, reader, line)
        forms.load(places.items())
        return {channel: forms.value(channel, place) for channel, place in places.items()}

    def _writes(self, line: Line, rows: Iterable[WritesRow], serde: SerializerProtocol) -> dict[int, list[TaskWrite]]:
        """What tasks wrote on checkpoints, by their places."""

        def read(content: bytes) -> Any:
            return _loaded(("msgpack", content), serde, str(line.key))

        def opened(row: WritesRow) -> bytes:
            return content_of(self.sealer, line, row, f"{line.key}, writes of task {row.task}")

        return in_order(rows, read, opened, str(line.key))


def _unpacked(section: dict[str, Any], serde: SerializerProtocol, where: str) -> Any:
    """A section of a header with the objects that it may hold."""
    if any(isinstance(value, ormsgpack.Ext | dict | list) for value in section.values()):
        return _loaded(("msgpack", ormsgpack.packb(section)), serde, where)
    return dict(section)


def _loaded(value: Typed, serde: SerializerProtocol, where: str) -> Any:
    try:
        return serde.loads_typed(value)
    except (ValueError, TypeError) as error:
        raise damaged(where, error) from error
