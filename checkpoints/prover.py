"""Prover: makes the content digest of each event of a line again, from what is stored of it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ..contracts import DatabaseError
from .codec import UNREADABLE, damaged, decode_checkpoint, lasting, places_after
from .commit import read_snapshot, salted_content_of
from .line import Line
from .link import Cause
from .proof import digest_of_checkpoint, digest_of_writes, emptied_of, mask_of_writes
from .seal import Sealer
from .snapshot import Snapshot
from .store import CheckpointRow, Reader, WritesRow
from .value import Form

__all__ = ["Proof", "Prover"]

_KEPT = 32 << 20
"""How many bytes of checkpoints are kept, to which later ones may refer."""
_ROWS = 4096
"""Of how many checkpoints the columns are kept."""

V = TypeVar("V")


@dataclass(slots=True)
class Proof:
    """What is stored of an event, judged by itself."""

    content: bytes | None = None
    """Its content digest; None where it cannot be made."""
    because: tuple[Cause, str] | None = None
    """Why it cannot be made."""
    builds_on: set[int] = field(default_factory=set)
    """The places without which it cannot be read."""
    gone: set[int] = field(default_factory=set)
    """Those of them that are not there."""
    notes: list[str] = field(default_factory=list)
    """What is wrong with its row besides: columns that the digest does not cover."""
    checkpoint: str | None = None
    """The id of the checkpoint; of writes, of that which the task ran on."""


class Prover:
    """Makes the content digest of each event of a line again, from what is stored of it.

    Args:
        reader: Reads of one moment.
        sealer: What opens the rows.
        line: The line as it stands at that moment.
    """

    def __init__(self, reader: Reader, sealer: Sealer, line: Line) -> None:
        self._reader, self._sealer, self._line = reader, sealer, line
        self._snapshots: _Recent[Snapshot] = _Recent(_KEPT)
        self._rows: _Recent[tuple[str, int]] = _Recent(_ROWS)

    def __call__(self, row: CheckpointRow | WritesRow) -> Proof:
        """What is stored of an event, judged by itself."""
        proof = Proof()
        if (odd := _odd(row)) is not None:
            proof.because = "unreadable", f"a row whose {odd} is of another type"
            return proof
        try:
            if isinstance(row, CheckpointRow):
                proof.checkpoint = row.id
                self._rows.keep(row.seq, (row.id, row.depth))
                self._prove_checkpoint(proof, row)
            else:
                self._prove_writes(proof, row)
        except DatabaseError as error:
            proof.because = "unreadable", error.got.removeprefix(UNREADABLE)
        return proof

    def _prove_checkpoint(self, proof: Proof, row: CheckpointRow) -> None:
        where = f"{self._line.key}, checkpoint {row.id}"
        salt, content = salted_content_of(self._sealer, self._line, row, where)
        parent = None
        if row.depth:
            parent = self._built_on(proof, row, row.parent, where)
        snapshot = decode_checkpoint(content, row.seq, row.id, parent, where)
        emptied = emptied_of(content, where)
        self._snapshots.keep(row.seq, snapshot, len(content))

        def held(channel: str, place: int) -> Form:
            return self._built_on(proof, row, place, where).own.get(channel)

        proof.content = digest_of_checkpoint(snapshot, emptied, salt, held, where)
        self._check_row(proof, row, snapshot)
        if not row.depth:
            self._check_places(proof, row, snapshot, emptied)

    def _prove_writes(self, proof: Proof, row: WritesRow) -> None:
        where = f"{self._line.key}, writes of task {row.task}"
        checkpoint = row.early
        if row.checkpoint is not None:
            found = self._row_at(row.checkpoint)
            checkpoint = None if found is None else found[0]
            if row.early is not None:
                proof.notes.append("its row names its checkpoint twice")
        elif checkpoint is not None and (place := self._reader.place_of(self._line.id, checkpoint)) is not None:
            proof.notes.append(f"its row says that its checkpoint is missing, but that is at place {place}")
        proof.checkpoint = checkpoint
        salt, content = salted_content_of(self._sealer, self._line, row, where)
        if row.mask != mask_of_writes(content, where):
            proof.notes.append("its mask is not that of the channels that it wrote")
        if checkpoint is not None:
            proof.content = digest_of_writes(self._line.key, checkpoint, row.task, content, salt)
            return
        if row.checkpoint is not None:
            proof.builds_on.add(row.checkpoint)
            proof.gone.add(row.checkpoint)
        raise damaged(where, "its checkpoint is not there")

    def _check_row(self, proof: Proof, row: CheckpointRow, snapshot: Snapshot) -> None:
        """Check the columns beside the payload."""
        before = None if row.parent is None else self._row_at(row.parent)
        depth = before[1] + 1 if row.depth and before is not None else 0
        if row.depth != depth or (snapshot.depth == 0) != (depth == 0):
            proof.notes.append(f"its row says that it needs {row.depth} rows before it")
        if row.parent is not None:
            if before is None:
                proof.notes.append(f"its parent is not at place {row.parent}")
            elif before[0] != snapshot.parent:
                proof.notes.append(
                    f"its row names the checkpoint {before[0]} as its parent, which is {snapshot.parent}"
                )
        elif snapshot.parent is not None:
            place = self._reader.place_of(self._line.id, snapshot.parent)
            if place is not None and place < row.seq:
                proof.notes.append(f"its row names no parent, which is at place {place}")

    def _check_places(self, proof: Proof, row: CheckpointRow, snapshot: Snapshot, emptied: list[str]) -> None:
        """Check where a row that stands by itself says that values are, against the checkpoint that it follows."""
        parent = None
        if row.parent is not None:
            try:
                parent = self._snapshot(row.parent)
            except DatabaseError:
                return  # of the parent it is said already
            if parent is None:
                return
        held, seeds = places_after(parent, row.seq, snapshot.own, emptied)
        wrong = _differing(held, snapshot.held) | _differing(lasting(seeds), lasting(snapshot.seeds))
        if wrong:
            names = ", ".join(sorted(wrong)[:3]) + (" and others" if len(wrong) > 3 else "")
            proof.notes.append(f"it takes values from other places than the checkpoint before it: {names}")

    def _built_on(self, proof: Proof, row: CheckpointRow, place: int | None, where: str) -> Snapshot:
        """The checkpoint that one builds on."""
        if place is None or place >= row.seq:
            raise damaged(where, "it builds on a checkpoint that its row does not name, or one that came later")
        proof.builds_on.add(place)
        found = self._snapshot(place)
        if found is None:
            proof.gone.add(place)
            raise damaged(where, f"it builds on the checkpoint at place {place}, which is not there")
        return found

    def _snapshot(self, place: int) -> Snapshot | None:
        """The checkpoint at a place; None where the line has none there."""
        known = self._snapshots.get(place)
        if known is None:
            row = self._row_at(place)
            try:
                known = None if row is None else read_snapshot(self._sealer, self._reader, self._line, row[0])
            except (TypeError, AttributeError) as error:  # a column of another type: it is told of where it stands
                raise damaged(f"{self._line.key}, place {place}", error) from error
            if known is not None:
                self._snapshots.keep(place, known, sum(len(str(form)) for form in known.own.values()))
        return known

    def _row_at(self, place: int) -> tuple[str, int] | None:
        """Id and depth of the checkpoint at a place; None where the line has none there."""
        known = self._rows.get(place)
        if known is None:
            for row in self._reader.rows(self._line.id, [place]):
                if row.line == self._line.id and _odd(row) is None:
                    known = row.id, row.depth
                    self._rows.keep(place, known)
        return known


class _Recent(Generic[V]):
    """What was used last, by place."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[int, tuple[int, V]] = OrderedDict()

    def get(self, place: int) -> V | None:
        if place not in self._known:
            return None
        self._known.move_to_end(place)
        return self._known[place][1]

    def keep(self, place: int, value: V, size: int = 1) -> None:
        self._size += size - self._known.pop(place, (0, None))[0]
        self._known[place] = size, value
        while self._size > self._most and len(self._known) > 1:
            self._size -= self._known.popitem(last=False)[1][0]


def _odd(row: CheckpointRow | WritesRow) -> str | None:
    """The first column whose value is of another type than quorate stores: to SQLite a column's type is a proposal."""
    for name, value in zip(row._fields, row, strict=True):
        if not isinstance(value, _TYPES[name]):
            return name
    return None


_NUMBER = int | None
_TYPES: dict[str, Any] = {
    "seq": int,
    "line": int,
    "id": str,
    "parent": _NUMBER,
    "depth": int,
    "checkpoint": _NUMBER,
    "early": str | None,
    "task": str,
    "mask": int,
    "digest": bytes,
    "payload": bytes,
}


def _differing(one: dict[str, int], other: dict[str, int]) -> set[str]:
    return {channel for channel, _ in one.items() ^ other.items()}
