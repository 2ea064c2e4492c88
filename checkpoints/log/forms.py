"""Forms: the values of a line's checkpoints as they are stored, read once each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from ..sealing.seal import Sealer
from .codec import damaged, seeds_of, values_of
from .content import content_of, snapshot_of
from .line import Line
from .mark import Marks, mark_of, marks_of
from .request import Typed
from .snapshot import Snapshot
from .store import Adding, CheckpointRow
from .value import Body, Form, body_of, needs, typed

__all__ = ["Forms", "read_marked"]


class _Rows(Protocol):
    def rows(self, line: int, places: Collection[int]) -> list[CheckpointRow]: ...


class Forms:
    """The values of a line's checkpoints as they are stored, read once each. Any method raises DatabaseError.

    Args:
        sealer: Opens the rows.
        reader: Reads the rows.
        line: The line.
        known: Values that have been read already, by place.
        rows: Rows that have been read already.
    """

    def __init__(
        self,
        sealer: Sealer,
        reader: _Rows,
        line: Line,
        *,
        known: Mapping[int, Mapping[str, Form]] | None = None,
        rows: Sequence[CheckpointRow] = (),
    ) -> None:
        self._sealer, self._reader, self._line = sealer, reader, line
        self._rows = {row.seq: row for row in rows}
        self._known = dict(known or {})

    def load(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Read what channels hold at places, in two queries at most, whatever their number."""
        wanted = list(wanted)
        self._read({place for _, place in wanted})
        try:
            self._read({place for pair in wanted for place in needs(self._form(*pair))})
        except TypeError as error:
            raise damaged(str(self._line.key), error) from error

    def value(self, channel: str, place: int) -> Typed:
        """The serialised value of a channel at a place; it has been loaded."""
        try:
            return typed(self._form(channel, place), lambda other: self._form(channel, other))
        except TypeError as error:
            raise damaged(f"{self._line.key}, channel {channel!r}", error) from error

    def marks(self, snapshot: Snapshot) -> Marks:
        """What the digest of a checkpoint covers of its values, read where they have not been."""
        seeds = seeds_of(snapshot)
        self.load([*snapshot.held.items(), *seeds.items()])
        return marks_of(snapshot.held, seeds, lambda channel, place: mark_of(self.value(channel, place)))

    def body(self, channel: str, place: int) -> Body | None:
        """The list that a channel has at a place, to compare another one with; it has been loaded."""
        try:
            return body_of(self._form(channel, place), place, lambda other: self._form(channel, other))
        except TypeError as error:
            raise damaged(f"{self._line.key}, channel {channel!r}", error) from error

    def _form(self, channel: str, place: int) -> Form:
        try:
            return self._known[place][channel]
        except KeyError as error:
            where = f"{self._line.key}, channel {channel!r}"
            raise damaged(where, f"its value is not at place {place} of the log") from error

    def _read(self, places: Collection[int]) -> None:
        wanted = places - self._known.keys()
        missing = wanted - self._rows.keys()
        rows = [self._rows[place] for place in wanted - missing]
        for row in [*rows, *self._reader.rows(self._line.id, missing)] if missing else rows:
            where = f"{self._line.key}, checkpoint {row.id}"
            self._known[row.seq] = values_of(content_of(self._sealer, self._line, row, where), where)


def read_marked(sealer: Sealer, reader: Adding, line: Line, checkpoint: str) -> Snapshot | None:
    """A checkpoint of a line with its marks, which another may follow; None where it is not there.

    Raises:
        DatabaseError: It cannot be read, or a value that it has.
    """
    rows = reader.chain(line.id, checkpoint)
    found = snapshot_of(sealer, line, rows)
    if found is not None:
        found.marks = Forms(sealer, reader, line, rows=rows).marks(found)
    return found
