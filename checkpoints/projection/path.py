"""Projection path: the checkpoints that led to a thread's newest one, turn by turn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.checkpoint.serde.base import SerializerProtocol

from ..log.codec import decode_checkpoint
from ..log.content import content_of, read_snapshot
from ..log.forms import Forms
from ..log.line import Line
from ..log.snapshot import Snapshot
from ..log.store import CheckpointRow, Reader, WritesRow
from ..log.task_write import TaskWrite, in_order
from ..sealing.seal import Sealer
from ..standing import is_opening

__all__ = ["PathReader", "Stretch", "time_of_step"]

_FIRST_PAGE, _LARGEST_PAGE = 16, 256
"""How many checkpoints are read at a time: what is new is a few as a rule, so each page is twice the one before."""


@dataclass(slots=True)
class Stretch:
    """The checkpoints of one turn on the path, oldest first."""

    number: int
    """The turn's number; 0 where the checkpoints are not of quorate."""
    steps: list[Snapshot] = field(default_factory=list)
    """The checkpoints; where some were pruned, those that are left."""

    @property
    def last(self) -> Snapshot:
        """The newest of them."""
        return self.steps[-1]

    @property
    def is_opening(self) -> bool:
        """Whether the turn's input has not been taken in yet, so that the records are those of the turn before."""
        return is_opening(self.last.held)


class PathReader:
    """Reads the path to a line's newest checkpoint: the checkpoint, its parent, and so on; no branch that was left.

    Every method raises DatabaseError where a row is damaged, or the database cannot be read.

    Args:
        line: The line; it has a checkpoint.
        reader: Reads the rows.
        sealer: Opens the rows.
        serde: Reads the values.
    """

    def __init__(self, line: Line, reader: Reader, sealer: Sealer, serde: SerializerProtocol) -> None:
        self.line = line
        self._reader = reader
        self._sealer = sealer
        self._serde = serde

    def newest(self) -> Snapshot | None:
        """The newest checkpoint."""
        return read_snapshot(self._sealer, self._reader, self.line, None)

    def since(self, ends: Collection[str]) -> tuple[list[CheckpointRow], str | None]:
        """The rows of the path, oldest first, back to what is known; and the id of the checkpoint before them.

        Args:
            ends: Ids of the last checkpoint of each turn that is known. The path is read back to the second of them
                that it meets, so that all of the turn that went on is there.
        """
        found: list[CheckpointRow] = []
        met = 0
        for row in self._back():
            met += row.id in ends
            if met == 2:
                return found[::-1], row.id
            found.append(row)
        return found[::-1], None

    def stretches(self, rows: Sequence[CheckpointRow]) -> Iterator[Stretch]:
        """The turns of these rows, oldest first."""
        stretch: Stretch | None = None
        numbers: dict[int, int] = {}
        for snapshot in self._snapshots(rows):
            number = self._number(snapshot, numbers)
            if stretch is None or stretch.number != number:
                if stretch is not None:
                    yield stretch
                stretch = Stretch(number)
            stretch.steps.append(snapshot)
        if stretch is not None:
            yield stretch

    def values(self, snapshot: Snapshot, channels: Collection[str]) -> dict[str, Any]:
        """The values of some channels in a checkpoint; those without one are left out."""
        places = {channel: snapshot.held[channel] for channel in channels if channel in snapshot.held}
        forms = Forms(self._sealer, self._reader, self.line, known={snapshot.seq: snapshot.own})
        forms.load(places.items())
        return {name: self._serde.loads_typed(forms.value(name, place)) for name, place in places.items()}

    def writes(self, snapshot: Snapshot) -> list[TaskWrite]:
        """What tasks wrote on a checkpoint."""
        return self._in_order(self._reader.writes(self.line.id, [snapshot.seq])).get(snapshot.seq, [])

    def writes_to(self, steps: Sequence[Snapshot], mask: int) -> dict[int, list[TaskWrite]]:
        """What tasks wrote on checkpoints that follow one another, by place.

        Args:
            steps: The checkpoints, oldest first.
            mask: Of the writes at once, those whose mask has a bit of this one.
        """
        rows = self._reader.path_writes(self.line.id, steps[-1].seq, steps[0].seq, mask)
        return self._in_order([row for row in rows if row.mask & mask])

    def _in_order(self, rows: Sequence[WritesRow]) -> dict[int, list[TaskWrite]]:
        def read(content: bytes) -> Any:
            return self._serde.loads_typed(("msgpack", content))

        def opened(row: WritesRow) -> bytes:
            return content_of(self._sealer, self.line, row, f"{self.line.key}, writes of task {row.task}")

        return in_order(rows, read, opened, str(self.line.key))

    def _back(self) -> Iterator[CheckpointRow]:
        wanted = self.line.head
        before: int | None = None
        size = _FIRST_PAGE
        while wanted is not None:
            page = self._reader.page([self.line.id], before_id=None, before=before, limit=size)
            for row in page:
                while wanted is not None and row.seq < wanted:
                    wanted = self._before(wanted)
                if row.seq == wanted:
                    yield row
                    wanted = row.parent
            if len(page) < size:
                return
            before = page[-1].seq
            size = min(2 * size, _LARGEST_PAGE)

    def _before(self, place: int) -> int | None:
        """The place before a pruned checkpoint; None where that is gone."""
        found = self._reader.rows(self.line.id, (place,))
        return found[0].parent if found and found[0].depth < 0 else None

    def _snapshots(self, rows: Sequence[CheckpointRow]) -> Iterator[Snapshot]:
        before: Snapshot | None = None
        for row in rows:
            where = f"{self.line.key}, checkpoint {row.id}"
            if row.depth and (before is None or before.seq != row.parent):
                before = read_snapshot(self._sealer, self._reader, self.line, row.id)
                if before is None:
                    raise LookupError(f"{where} is not there any more")
            else:
                content = content_of(self._sealer, self.line, row, where)
                before = decode_checkpoint(content, row.seq, row.id, before if row.depth else None, where)
            yield before

    def _number(self, snapshot: Snapshot, known: dict[int, int]) -> int:
        place = snapshot.held.get("turn")
        if place is not None and place not in known:
            number = self.values(snapshot, ("turn",))["turn"]
            if not isinstance(number, int) or isinstance(number, bool):
                raise TypeError(f"the turn {number!r:.40}, which is no number")
            known[place] = number
        return (0 if place is None else known[place]) + is_opening(snapshot.held)


def time_of_step(snapshot: Snapshot) -> str:
    """When a checkpoint was made, in ISO 8601; empty where it does not say."""
    return str(snapshot.sections["c"].get("ts") or "")
