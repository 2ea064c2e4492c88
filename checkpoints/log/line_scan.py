"""LineScan: the log of a line as it stands at one moment, every event proved while it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..sealing.seal import Sealer
from .candidate import Candidate, candidate_of
from .digest import chain
from .line import Line
from .line_view import LineView
from .mark import KnownMarks
from .proof import digest_of_checkpoint, digest_of_writes, emptied_of
from .pruned import Pruning, carried_of, content_digests_of, pruning_of, row_digest, split_digests
from .store import CheckpointRow, Reader, WritesRow

__all__ = ["Event", "LineScan"]


@dataclass(frozen=True, slots=True)
class Event:
    """A row of a line's log, without its content."""

    row: CheckpointRow | WritesRow
    """The row, without its payload."""
    size: int
    """Bytes of its payload."""
    digests: bytes
    """The content digests of the events that it stands for, 32 bytes each."""
    kind: Literal["own", "stub", "carried", "pruning"]
    """What it is: a row as it was stored at first, or what `Pruned` names."""

    @property
    def place(self) -> int:
        """Its place in the log."""
        return self.row.seq


class LineScan(LineView):
    """The log of a line as it stands at one moment.

    Args:
        reader: Reads of that moment.
        sealer: What opens the rows.
        line: The line.

    Raises:
        DatabaseError: What is stored is not what quorate wrote: to prune it would hide that.
    """

    def __init__(self, reader: Reader, sealer: Sealer, line: Line) -> None:
        super().__init__(reader, sealer, line)
        self._marks = KnownMarks(self.value)
        self._carrying: set[int] = set()
        self._carried: set[bytes] = set()
        self._pruning: Pruning | None = None
        self.candidates: list[Candidate] = []
        """Its checkpoints, the oldest first; those that only carry are left out."""
        self.standing: dict[int, bytes] = {}
        """The `row_digest` of each row that carries, and of each checkpoint's that needs none before it."""
        self.events: list[Event] = []
        """Its rows, in their order."""
        tip = line.key.origin
        for row in reader.events(line.id):
            tip = self._take(row, tip)
        self._check_end(tip)

    def _take(self, row: CheckpointRow | WritesRow, tip: bytes) -> bytes:
        salt, content = self.content(row)
        digests = content_digests_of(row, salt, content, self.where(row))
        kind = "own" if digests is None else self._kind(row, content)
        if digests is None:
            own = (
                self._checkpoint(row, salt, content)
                if isinstance(row, CheckpointRow)
                else self._writes(row, salt, content)
            )
            digests = [own]
        for digest in digests:
            tip = chain(tip, digest)
        if tip != row.digest:
            raise self.damaged(f"the chain of digests breaks at place {row.seq}")
        if kind == "carried" or (isinstance(row, CheckpointRow) and not row.depth):
            self.standing[row.seq] = row_digest(row, salt, content)
        self.events.append(Event(row._replace(payload=b""), len(row.payload), b"".join(digests), kind))
        return tip

    def _kind(self, row: CheckpointRow | WritesRow, content: bytes) -> Literal["stub", "carried", "pruning"]:
        """What a row is that stands for pruned events, or tells of them."""
        if isinstance(row, CheckpointRow) or row.checkpoint is not None:
            self._carrying.add(row.seq)
            self._carried.update(each.digest for each in carried_of(row, content, self.where(row)))
            return "carried"
        pruning = pruning_of(row, content, self.where(row))
        if pruning is None:
            return "stub"
        self._pruning = pruning
        return "pruning"

    def _checkpoint(self, row: CheckpointRow, salt: bytes, content: bytes) -> bytes:
        snapshot = self.snapshot(row, content)
        self.candidates.append(candidate_of(snapshot, self._plain, self.where(row)))
        return digest_of_checkpoint(snapshot, emptied_of(content, self.where(row)), salt, self._marks)

    def _writes(self, row: WritesRow, salt: bytes, content: bytes) -> bytes:
        checkpoint = row.early if row.checkpoint is None else self.id_at(row.checkpoint)
        if checkpoint is None:
            raise self.damaged(f"the checkpoint of the writes at place {row.seq} is not there")
        return digest_of_writes(checkpoint, row.task, content, salt, self.where(row))

    def _plain(self, channel: str, place: int) -> bytes | None:
        form, content = self.value(channel, place)
        return content if form == "msgpack" else None

    def _check_end(self, tip: bytes) -> None:
        line = self.line
        if (line.tip or line.key.origin) != tip or line.events != sum(
            len(event.digests) for event in self.events
        ) // 32:
            raise self.damaged("the log does not end where the line's own row says")
        gone = sum(len(event.digests) for event in self.events if event.kind in ("stub", "carried")) // 32
        if gone != (0 if self._pruning is None else self._pruning.gone):
            raise self.damaged("there are stubs of more or fewer events than were pruned")
        if self._carried:
            own = (event.digests for event in self.events if event.kind in ("stub", "carried"))
            for digests in own:
                self._carried.difference_update(split_digests(digests))
            if self._carried:
                raise self.damaged("a row carries writes that are not those that were pruned")
        proved = self._pruning.rows if self._pruning is not None else {}
        if self._carrying - proved.keys():
            raise self.damaged("a row carries values that no pruning tells of")
        wrong = [place for place, digest in proved.items() if self.standing.get(place) != digest]
        if wrong:
            raise self.damaged(f"the row at place {min(wrong)} is not as it was when the line was pruned")
