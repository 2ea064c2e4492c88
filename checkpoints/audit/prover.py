"""Prover: makes the content digest of each event of a line again, from what is stored of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...contracts import DatabaseError
from ..log.codec import UNREADABLE, damaged, decode_checkpoint, lasting, places_after, values_of
from ..log.content import content_of, read_snapshot, salted_content_of
from ..log.line import Line
from ..log.mark import KnownMarks, Mark
from ..log.proof import digest_of_checkpoint, digest_of_writes, emptied_of, mask_of_writes
from ..log.pruned import Pruning, carried_of, content_digests_of, pruning_of, row_digest
from ..log.recent import Recent
from ..log.request import Typed
from ..log.snapshot import Snapshot
from ..log.store import CheckpointRow, Reader, WritesRow
from ..log.value import Form, typed
from ..sealing.seal import Sealer
from .link import Cause

__all__ = ["Proof", "Prover"]

_KEPT = 32 << 20
"""How many bytes of checkpoints are kept, to which later ones may refer."""
_ROWS = 4096
"""Of how many checkpoints the columns are kept."""


@dataclass(slots=True)
class Proof:
    """What is stored of an event, judged by itself."""

    contents: list[bytes] = field(default_factory=list)
    """The content digests of the events that the row stands for; none where they cannot be made."""
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
    standing: bytes | None = None
    """The `row_digest`, where a pruning may tell of the row: it carries, or needs no row before it."""
    unless_pruned: list[str] = field(default_factory=list)
    """What is wrong with it, unless a pruning tells of it."""
    pruned: bool = False
    """Whether it stands in the place of pruned events."""
    carried: list[bytes] = field(default_factory=list)
    """The content digests of the events of which it carries writes: they must be among those that were pruned."""
    pruning: Pruning | None = None
    """What was pruned, where it records that."""


class Prover:
    """Makes the content digest of each event of a line again, from what is stored of it.

    Args:
        reader: Reads of one moment.
        sealer: What opens the rows.
        line: The line as it stands at that moment.
    """

    def __init__(self, reader: Reader, sealer: Sealer, line: Line) -> None:
        self._reader, self._sealer, self._line = reader, sealer, line
        self._snapshots: Recent[Snapshot] = Recent(_KEPT)
        self._forms: Recent[dict[str, Form]] = Recent(_KEPT)
        self._rows: Recent[tuple[str, int]] = Recent(_ROWS)
        self._marks = KnownMarks(self._value)
        self._proof, self._row = Proof(), 0

    def __call__(self, row: CheckpointRow | WritesRow) -> Proof:
        """What is stored of an event, judged by itself."""
        proof = self._proof = Proof()
        self._row = row.seq
        if (odd := _odd(row)) is not None:
            proof.because = "unreadable", f"a row whose {odd} is of another type"
            return proof
        try:
            if isinstance(row, CheckpointRow):
                proof.checkpoint = row.id
                self._rows.keep(row.seq, (row.id, row.depth), 1)
                self._prove_checkpoint(proof, row)
            else:
                self._prove_writes(proof, row)
        except DatabaseError as error:
            proof.because = "unreadable", error.got.removeprefix(UNREADABLE)
        return proof

    def _prove_checkpoint(self, proof: Proof, row: CheckpointRow) -> None:
        where = f"{self._line.key}, checkpoint {row.id}"
        salt, content = salted_content_of(self._sealer, self._line, row, where)
        if not row.depth > 0:
            proof.standing = row_digest(row, salt, content)
        pruned = content_digests_of(row, salt, content, where)
        if pruned is not None:
            self._forms.keep(row.seq, values_of(content, where), len(content))
            proof.contents, proof.pruned, proof.unless_pruned = pruned, True, ["no pruning tells of it"]
            return
        parent = self._parent(row, where) if row.depth else None
        snapshot = decode_checkpoint(content, row.seq, row.id, parent, where)
        emptied = emptied_of(content, where)
        self._snapshots.keep(row.seq, snapshot, len(content))
        self._forms.keep(row.seq, snapshot.own, len(content))

        if not row.depth:
            self._check_places(proof, row, snapshot, emptied)
        self._check_row(proof, row, snapshot)
        misled = bool(proof.unless_pruned)
        try:
            proof.contents = [digest_of_checkpoint(snapshot, emptied, salt, self._mark)]
        finally:
            if misled:  # it names another place than it was stored with: that one's row need never have been
                proof.gone.clear()

    def _prove_writes(self, proof: Proof, row: WritesRow) -> None:
        where = f"{self._line.key}, writes of task {row.task}"
        salt, content = salted_content_of(self._sealer, self._line, row, where)
        pruned = content_digests_of(row, salt, content, where)
        if pruned is not None:
            proof.contents, proof.pruning = pruned, pruning_of(row, content, where)
            proof.pruned = proof.pruning is None
            if row.checkpoint is not None:
                proof.standing, proof.unless_pruned = row_digest(row, salt, content), ["no pruning tells of it"]
                proof.carried = [each.digest for each in carried_of(row, content, where)]
            return
        checkpoint = proof.checkpoint = self._checkpoint_of(proof, row)
        if row.mask != mask_of_writes(content, where):
            proof.notes.append("its mask is not that of the channels that it wrote")
        if checkpoint is None:
            raise damaged(where, "its checkpoint is not there")
        proof.contents = [digest_of_writes(checkpoint, row.task, content, salt, where)]

    def _checkpoint_of(self, proof: Proof, row: WritesRow) -> str | None:
        """The id of the checkpoint that a task ran on; None where it is not there."""
        if row.checkpoint is None:
            place = None if row.early is None else self._reader.place_of(self._line.id, row.early)
            if place is not None:
                proof.notes.append(f"its row says that its checkpoint is missing, but that is at place {place}")
            return row.early
        if row.early is not None:
            proof.notes.append("its row names its checkpoint twice")
        found = self._row_at(row.checkpoint)
        if found is None:
            proof.builds_on.add(row.checkpoint)
            proof.gone.add(row.checkpoint)
            return None
        return found[0]

    def _check_row(self, proof: Proof, row: CheckpointRow, snapshot: Snapshot) -> None:
        """Check the columns beside the payload."""
        before = None if row.parent is None else self._row_at(row.parent)
        depth = before[1] + 1 if row.depth and before is not None else 0
        if row.depth != depth or (snapshot.depth == 0) != (depth == 0):
            proof.notes.append(f"its row says that it needs {row.depth} rows before it")
        if row.parent is not None:
            if before is None:
                proof.unless_pruned.append(f"its parent is not at place {row.parent}")
            elif before[0] != snapshot.parent:
                proof.unless_pruned.append(
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
            proof.unless_pruned.append(f"it takes values from other places than the checkpoint before it: {names}")

    def _parent(self, row: CheckpointRow, where: str) -> Snapshot:
        """The checkpoint whose header another needs."""
        self._built_on(row.parent)
        found = self._snapshot(row.parent or 0)
        if found is None:
            raise damaged(where, "it builds on a checkpoint that was pruned")
        return found

    def _mark(self, channel: str, place: int) -> Mark:
        """The mark of a value that the checkpoint has which is being proved."""
        if place != self._row:
            self._proof.builds_on.add(place)
        return self._marks(channel, place)

    def _value(self, channel: str, place: int) -> Typed:
        """A value that the checkpoint has which is being proved."""
        try:
            return typed(self._form(channel, place), lambda other: self._form(channel, other))
        except (TypeError, ValueError, IndexError) as error:
            raise damaged(f"{self._line.key}, place {place}", error) from error

    def _form(self, channel: str, place: int) -> Form:
        forms = self._forms.get(place) if place == self._row else self._built_on(place)
        if forms is None or channel not in forms:
            raise damaged(f"{self._line.key}, place {place}", f"the channel {channel!r} has no value at place {place}")
        return forms[channel]

    def _built_on(self, place: int | None) -> dict[str, Form]:
        """The values that a checkpoint holds on which the one builds that is being proved."""
        where = f"{self._line.key}, place {self._row}"
        if place is None or place >= self._row:
            raise damaged(where, "it builds on a checkpoint that its row does not name, or one that came later")
        self._proof.builds_on.add(place)
        known = self._forms.get(place)
        if known is None:
            for other in self._reader.rows(self._line.id, [place]):
                if other.line == self._line.id and _odd(other) is None:
                    content = content_of(self._sealer, self._line, other, where)
                    known = values_of(content, where)
                    self._forms.keep(place, known, len(content))
        if known is None:
            self._proof.gone.add(place)
            raise damaged(where, f"it builds on the checkpoint at place {place}, which is not there")
        return known

    def _snapshot(self, place: int) -> Snapshot | None:
        """The checkpoint at a place; None where the line has none there, or a pruned one."""
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
                    self._rows.keep(place, known, 1)
        return known


def _odd(row: CheckpointRow | WritesRow) -> str | None:
    """The first column whose value is of another type than quorate stores: to SQLite a column's type is a proposal."""
    for name, value in zip(row._fields, row, strict=True):
        if not isinstance(value, _TYPES[name]) or (isinstance(value, str) and not _is_text(value)):
            return name
    return None


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


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
