"""LineScan: the log of a line as it stands at one moment, every event proved while it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ..contracts import DatabaseError
from .candidate import Candidate, candidate_of
from .codec import decode_checkpoint, values_of
from .commit import read_snapshot, salted_content_of
from .digest import chain
from .line import Line
from .proof import digest_of_checkpoint, digest_of_writes, emptied_of
from .pruned import Pruning, content_digests_of, pruning_of, row_digest
from .recent import Recent
from .request import Typed
from .seal import Sealer
from .snapshot import Snapshot
from .store import CheckpointRow, Reader, WritesRow
from .value import Form, typed

__all__ = ["Event", "LineScan"]

_KEPT = 32 << 20
"""How many bytes of checkpoints are kept, to which later ones may refer."""
_SOME = 64
"""How many checkpoints are asked for at a time."""


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


class LineScan:
    """The log of a line as it stands at one moment.

    Args:
        reader: Reads of that moment.
        sealer: What opens the rows.
        line: The line.

    Raises:
        DatabaseError: What is stored is not what quorate wrote: to prune it would hide that.
    """

    def __init__(self, reader: Reader, sealer: Sealer, line: Line) -> None:
        self._reader, self._sealer, self.line = reader, sealer, line
        self._snapshots: Recent[Snapshot] = Recent(_KEPT)
        self._forms: Recent[dict[str, Form]] = Recent(_KEPT)
        self._ids: dict[int, str] = {}
        self._carrying: set[int] = set()
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

    def content(self, row: CheckpointRow | WritesRow) -> tuple[bytes, bytes]:
        """The salt and the content of a row."""
        return salted_content_of(self._sealer, self.line, row, self.where(row))

    def where(self, row: CheckpointRow | WritesRow) -> str:
        """What errors call a row."""
        what = f"checkpoint {row.id}" if isinstance(row, CheckpointRow) else f"writes of task {row.task}"
        return f"{self.line.key}, {what}"

    def rows(self, places: Iterable[int]) -> Iterator[CheckpointRow]:
        """The checkpoints at these places, in ascending order."""
        wanted = sorted(places)
        for start in range(0, len(wanted), _SOME):
            yield from sorted(self._reader.rows(self.line.id, wanted[start : start + _SOME]))

    def snapshot(self, row: CheckpointRow, content: bytes) -> Snapshot:
        """The checkpoint of a row."""
        known = self._snapshots.get(row.seq)
        if known is None:
            parent = self._parent(row) if row.depth else None
            known = decode_checkpoint(content, row.seq, row.id, parent, self.where(row))
            self._snapshots.keep(row.seq, known, 4 * len(content))
        return known

    def value(self, channel: str, place: int) -> Typed:
        """The serialised value of a channel at a place.

        Raises:
            DatabaseError: It is not there.
        """
        try:
            return typed(self._forms_at(place)[channel], lambda other: self._form(channel, other))
        except (KeyError, TypeError) as error:
            raise self.damaged(f"the value of the channel {channel!r} is not at place {place}") from error

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
            return "carried"
        pruning = pruning_of(row, content, self.where(row))
        if pruning is None:
            return "stub"
        self._pruning = pruning
        return "pruning"

    def _checkpoint(self, row: CheckpointRow, salt: bytes, content: bytes) -> bytes:
        self._ids[row.seq] = row.id
        snapshot = self.snapshot(row, content)
        self._forms.keep(row.seq, snapshot.own, len(content))
        self.candidates.append(candidate_of(snapshot, self._plain))
        emptied = emptied_of(content, self.where(row))
        return digest_of_checkpoint(snapshot, emptied, salt, self._form, self.where(row))

    def _writes(self, row: WritesRow, salt: bytes, content: bytes) -> bytes:
        checkpoint = row.early
        if row.checkpoint is not None:
            checkpoint = self._ids.get(row.checkpoint)
            if checkpoint is None:  # it came later than what was written on it
                checkpoint = next((each.id for each in self._reader.rows(self.line.id, [row.checkpoint])), None)
        if checkpoint is None:
            raise self.damaged(f"the checkpoint of the writes at place {row.seq} is not there")
        return digest_of_writes(self.line.key, checkpoint, row.task, content, salt)

    def _parent(self, row: CheckpointRow) -> Snapshot | None:
        known = None if row.parent is None else self._snapshots.get(row.parent)
        if known is None and row.parent is not None and row.parent in self._ids:
            known = read_snapshot(self._sealer, self._reader, self.line, self._ids[row.parent])
            if known is not None:
                self._snapshots.keep(row.parent, known, 4 * sum(len(str(form)) for form in known.own.values()))
        return known

    def _form(self, channel: str, place: int) -> Form:
        return self._forms_at(place).get(channel)

    def _forms_at(self, place: int) -> dict[str, Form]:
        """The values that a checkpoint's row holds itself."""
        known = self._forms.get(place)
        if known is None:
            row = next(iter(self._reader.rows(self.line.id, [place])), None)
            if row is None:
                raise self.damaged(f"what others need of place {place} is not there")
            content = self.content(row)[1]
            known = values_of(content, self.where(row))
            self._forms.keep(place, known, len(content))
        return known

    def _plain(self, channel: str, place: int) -> bytes | None:
        form, content = self.value(channel, place)
        return content if form == "msgpack" else None

    def _check_end(self, tip: bytes) -> None:
        line = self.line
        if (line.tip or line.key.origin) != tip or line.events != sum(
            len(event.digests) for event in self.events
        ) // 32:
            raise self.damaged("the log does not end where the line's own row says")
        proved = self._pruning.rows if self._pruning is not None else {}
        if self._carrying - proved.keys():
            raise self.damaged("a row carries values that no pruning tells of")
        wrong = [place for place, digest in proved.items() if self.standing.get(place) != digest]
        if wrong:
            raise self.damaged(f"the row at place {min(wrong)} is not as it was when the line was pruned")

    def damaged(self, got: str) -> DatabaseError:
        """The error of a line that is not as quorate wrote it."""
        return DatabaseError(
            str(self.line.key),
            got=got,
            expected="a log that is as quorate wrote it",
            fix="see what was changed: quorate audit verify; then go on from a backup, or delete the thread",
        )
