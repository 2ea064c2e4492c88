"""LineView: the checkpoints of a line as they stand at one moment, with their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...contracts import DatabaseError
from ..sealing.seal import Sealer
from .codec import decode_checkpoint, values_of
from .content import read_snapshot, salted_content_of
from .line import Line
from .recent import Recent
from .request import Typed
from .snapshot import Snapshot
from .store import CheckpointRow, Reader, WritesRow
from .value import Form, typed

__all__ = ["LineView"]

_KEPT = 32 << 20
"""How many bytes of checkpoints are kept, to which later ones may refer."""
_IDS = 4096
"""How many ids of checkpoints are kept."""
_SOME = 64
"""How many checkpoints are asked for at a time."""


class LineView:
    """The checkpoints of a line as they stand at one moment, with their values. Any method raises DatabaseError.

    Args:
        reader: Reads of that moment.
        sealer: What opens the rows.
        line: The line.
    """

    def __init__(self, reader: Reader, sealer: Sealer, line: Line) -> None:
        self._reader, self._sealer, self.line = reader, sealer, line
        self._snapshots: Recent[Snapshot] = Recent(_KEPT)
        self._forms: Recent[dict[str, Form]] = Recent(_KEPT)
        self._ids: Recent[str] = Recent(_IDS)

    def where(self, row: CheckpointRow | WritesRow) -> str:
        """What errors call a row."""
        what = f"checkpoint {row.id}" if isinstance(row, CheckpointRow) else f"writes of task {row.task}"
        return f"{self.line.key}, {what}"

    def content(self, row: CheckpointRow | WritesRow) -> tuple[bytes, bytes]:
        """The salt and the content of a row."""
        return salted_content_of(self._sealer, self.line, row, self.where(row))

    def rows(self, places: Iterable[int]) -> Iterator[CheckpointRow]:
        """The checkpoints at these places, in ascending order."""
        wanted = sorted(places)
        for start in range(0, len(wanted), _SOME):
            yield from sorted(self._reader.rows(self.line.id, wanted[start : start + _SOME]))

    def id_at(self, place: int) -> str | None:
        """The id of the checkpoint at a place; None where there is none."""
        known = self._ids.get(place)
        if known is None:
            for row in self._reader.rows(self.line.id, [place]):
                known = row.id
                self._ids.keep(place, known, 1)
        return known

    def snapshot(self, row: CheckpointRow, content: bytes | None = None) -> Snapshot:
        """The checkpoint of a row; `content` is what the row says, where that is known."""
        known = self._snapshots.get(row.seq)
        if known is None:
            content = self.content(row)[1] if content is None else content
            parent = self.snapshot_at(row.parent) if row.depth and row.parent is not None else None
            known = decode_checkpoint(content, row.seq, row.id, parent, self.where(row))
            self._snapshots.keep(row.seq, known, 4 * len(content))
            self._forms.keep(row.seq, known.own, len(content))
            self._ids.keep(row.seq, row.id, 1)
        return known

    def snapshot_at(self, place: int) -> Snapshot | None:
        """The checkpoint at a place; None where there is none that can be read by itself."""
        known = self._snapshots.get(place)
        id_ = None if known is not None else self.id_at(place)
        if known is None and id_ is not None:
            known = read_snapshot(self._sealer, self._reader, self.line, id_)
            if known is not None and known.seq == place:
                self._snapshots.keep(place, known, 4 * sum(len(str(form)) for form in known.own.values()))
        return known

    def value(self, channel: str, place: int) -> Typed:
        """The serialised value of a channel at a place."""
        try:
            return typed(self.forms(place)[channel], lambda other: self.form(channel, other))
        except (KeyError, TypeError, IndexError) as error:
            raise self.damaged(f"the value of the channel {channel!r} is not at place {place}") from error

    def form(self, channel: str, place: int) -> Form:
        """How a channel's value stands at a place; None too where there is none."""
        return self.forms(place).get(channel)

    def forms(self, place: int) -> dict[str, Form]:
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

    def damaged(self, got: str) -> DatabaseError:
        """The error of a line that is not as quorate wrote it."""
        return DatabaseError(
            str(self.line.key),
            got=got,
            expected="a log that is as quorate wrote it",
            fix="see what was changed: quorate audit verify; then go on from a backup, or delete the thread",
        )
