"""LinePrune: the rows of a line after a prune."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from ..log.carried import CarriedWrites
from ..log.codec import damaged, lasting, mask_of, rewritten
from ..log.content import context_of
from ..log.envelope import wrap
from ..log.line import Line
from ..log.line_scan import Event, LineScan
from ..log.pruned import carried_checkpoint, carried_of, carried_writes, row_digest, stub
from ..log.request import Typed
from ..log.snapshot import Snapshot
from ..log.store import CheckpointRow, Reader, WritesRow
from ..log.task_write import raw_writes
from ..log.value import Body, Form, grown, needs
from ..log.written import digest_of_write, written_of
from ..sealing.seal import Sealer
from .prune import Carrier, Needs, PrunePlan, plan_prune

__all__ = ["LineChanges", "prune_line"]

_ROW = 96
"""About how many bytes a row takes beside its payload, in its table and its indexes."""


@dataclass(slots=True)
class LineChanges:
    """What a prune changes in a line."""

    line: Line
    """The line as it was when this was found out."""
    head: tuple[int, str]
    """Place and id of the checkpoint that is the newest one then."""
    events: int = 0
    """How many events go."""
    gone: int = 0
    """How many are gone then, with those that went before."""
    checkpoints: int = 0
    """How many checkpoints go."""
    early: int = 0
    """How many writes go that came before their checkpoint, which never came."""
    freed: int = 0
    """About how many bytes become free."""
    removed: list[int] = field(default_factory=list)
    """The places of rows that go."""
    replaced: tuple[list[CheckpointRow], list[WritesRow]] = field(default_factory=lambda: ([], []))
    """The rows that stand in the place of others, ready to be stored."""
    proved: dict[int, bytes] = field(default_factory=dict)
    """The `row_digest` of every row that the pruning is to tell of, by place."""


def prune_line(reader: Reader, sealer: Sealer, scan: LineScan, kept: Collection[int]) -> LineChanges | None:
    """What changes in a line when these of its checkpoints stay; None where nothing goes.

    Args:
        reader: Reads of the moment of the scan.
        sealer: What seals rows.
        scan: The line as it stands.
        kept: The places of the checkpoints that stay: at least one.
    """
    return _LinePrune(reader, sealer, scan, kept).changes()


class _LinePrune:
    def __init__(self, reader: Reader, sealer: Sealer, scan: LineScan, kept: Collection[int]) -> None:
        self._reader, self._sealer, self._scan = reader, sealer, scan
        self._line = scan.line
        self._kept = set(kept)
        self._events = {event.place: event for event in scan.events}
        self._bodies: dict[str, Body] = {}
        self._depths: dict[int, int] = {}
        self._ids = {each.place: each.id for each in scan.candidates}
        head = max(self._kept)
        self._changes = LineChanges(self._line, (head, self._ids[head]))

    def changes(self) -> LineChanges | None:
        pruned = [event for event in self._scan.events if event.kind == "own" and not self._stays(event.row)]
        if not pruned:
            return None
        made = self._changes
        made.events = len(pruned)
        made.gone = len(pruned) + sum(len(event.digests) // 32 for event in self._scan.events if event.kind != "own")
        made.checkpoints = sum(isinstance(event.row, CheckpointRow) for event in pruned)
        made.early = sum(isinstance(event.row, WritesRow) and event.row.early is not None for event in pruned)
        plan = self._plan()
        carrying = set(plan.carriers)
        kept_rows = self._scan.rows(self._kept)
        row = next(kept_rows, None)
        for place in sorted(carrying | self._kept):
            if place in carrying:
                carrying |= self._carry(place, plan.carriers[place])
            elif row is not None:
                self._keep(row, plan)
                row = next(kept_rows, None)
        self._lay_stubs(carrying)
        return made

    def _stays(self, row: CheckpointRow | WritesRow) -> bool:
        """Whether a row as it was stored stays one."""
        if isinstance(row, CheckpointRow):
            return row.seq in self._kept
        if row.checkpoint is not None:
            return row.checkpoint in self._kept
        # What came before its checkpoint may still wait for it, if that is to be newer than any that is there.
        return row.early is not None and row.early > self._changes.head[1]

    def _plan(self) -> PrunePlan:
        parents: dict[int, int | None] = {}
        written: dict[int, int] = {}
        for event in self._scan.events:
            row = event.row
            if isinstance(row, CheckpointRow):
                parents[row.seq] = row.parent if row.parent in parents else None
            elif row.checkpoint is not None:
                written[row.checkpoint] = written.get(row.checkpoint, 0) | row.mask
        needed = {}
        for row in self._scan.rows(self._kept):
            snapshot = self._scan.snapshot(row, self._scan.content(row)[1])
            ends = {channel: snapshot.seeds.get(channel, 0) for channel in snapshot.sections["v"]}
            ends = {channel: end for channel, end in lasting(ends).items() if channel not in snapshot.held}
            seeds = {channel: place for channel, place in ends.items() if place in parents}
            needed[row.seq] = Needs({**snapshot.held, **seeds}, {**dict.fromkeys(ends, 0), **seeds})
        try:
            return plan_prune(parents, needed, written)
        except LookupError as error:
            raise self._scan.damaged(f"a checkpoint needs a value of place {error}, which is not before it") from error

    def _carry(self, place: int, carrier: Carrier) -> set[int]:
        """Make the rows that carry what is needed of a pruned checkpoint; the places besides its own."""
        event = self._events[place]
        values = {
            channel: self._grown(channel, self._scan.value(channel, held), place)
            for channel, held in sorted(carrier.values.items())
        }
        content = carried_checkpoint(event.digests, values)
        digest = event.row.digest
        # Under a name that is no id: a checkpoint of that id may come again.
        self._put(CheckpointRow(place, self._line.id, f"pruned {place}", carrier.parent, -1, digest, content))
        return self._carry_writes(place, carrier) if carrier.histories else set()

    def _carry_writes(self, place: int, carrier: Carrier) -> set[int]:
        channels = carrier.histories
        rows = self._reader.path_writes(self._line.id, place, carrier.path[-1], mask_of(list(channels)))
        by_checkpoint: dict[int, list[WritesRow]] = {}
        for row in rows:
            by_checkpoint.setdefault(row.checkpoint or 0, []).append(row)
        left = [
            each
            for at, of_checkpoint in reversed(by_checkpoint.items())
            for each in self._left({channel for channel, end in channels.items() if at >= end}, of_checkpoint)
        ]
        if not left:
            return set()
        seat = max(row.seq for row in rows)
        event = self._events[seat]
        content = carried_writes(event.digests, left)
        mask = mask_of([raw_writes(write)[1] for each in left for write in each.writes if isinstance(write, bytes)])
        self._put(WritesRow(seat, self._line.id, place, None, "", mask, event.row.digest, content))
        return {seat}

    def _left(self, channels: Collection[str], rows: Iterable[WritesRow]) -> Iterator[CarriedWrites]:
        """What was written to channels on a checkpoint, or on those of a carried row; of an index only the first."""
        taken: set[tuple[str, str, int]] = set()
        for row in rows:
            for each in self._written(row):
                left: list[bytes | list[bytes]] = []
                for write in each.writes:
                    if isinstance(write, bytes):
                        index, channel, *_ = raw_writes(write)
                        key = each.checkpoint, each.task, index
                        stays = channel in channels and key not in taken
                        taken.add(key)
                        left.append(write if stays else [digest_of_write(write)])
                    else:
                        left.append(write)
                if any(isinstance(write, bytes) for write in left):
                    yield each._replace(writes=left)

    def _written(self, row: WritesRow) -> list[CarriedWrites]:
        where = self._scan.where(row)
        salt, content = self._scan.content(row)
        carried = carried_of(row, content, where)
        if carried:
            return carried
        id_ = self._scan.id_at(row.checkpoint or 0)
        if id_ is None:
            raise damaged(where, "its checkpoint is not there")
        path, writes = written_of(content)
        return [CarriedWrites(id_, row.task, path, salt, writes)]

    def _keep(self, row: CheckpointRow, plan: PrunePlan) -> None:
        """Make the row of a kept checkpoint anew, where it needs what goes."""
        salt, content = self._scan.content(row)
        found = self._scan.snapshot(row, content)
        follows_kept = row.parent in self._kept and self._ids[row.parent] == found.parent
        snapshot = Snapshot(
            row.seq,
            row.id,
            found.parent,
            found.sections,
            {channel: self._moved(place, plan) for channel, place in found.held.items()},
            {
                channel: self._moved(place, plan)
                for channel, place in found.seeds.items()
                if place in self._kept or plan.carries(channel, place)
            },
            {channel: self._own(channel, form, row.seq) for channel, form in found.own.items()},
        )
        standing = not row.depth or not follows_kept
        made, stands = rewritten(content, snapshot, standing=standing)
        parent = plan.parents[row.seq]
        depth = self._depths[row.seq] = 0 if stands or parent is None else self._depths[parent] + 1
        new = row._replace(parent=parent, depth=depth)
        if made != content:
            self._put(new._replace(payload=made), salt, because=row)
        elif new != row:
            self._changes.replaced[0].append(new)
        if found.parent is not None and not follows_kept:
            self._changes.proved[row.seq] = row_digest(new, salt, made)

    def _moved(self, place: int, plan: PrunePlan) -> int:
        return place if place in self._kept else plan.moved[place]

    def _own(self, channel: str, form: Form, place: int) -> Form:
        """A value as a kept checkpoint is to hold it."""
        if not (others := needs(form)):
            if isinstance(form, bytes):
                self._grown(channel, ("msgpack", form), place, whole=True)
            return form
        if self._kept.issuperset(others):  # what these hold themselves stays too: they need some of the same only
            return form
        return self._grown(channel, self._scan.value(channel, place), place)

    def _grown(self, channel: str, value: Typed, place: int, *, whole: bool = False) -> Form:
        """A value as what was added to the last one that stays, where it is such a list."""
        form, body = grown(value, place, None if whole else self._bodies.get(channel))
        if body is None:
            self._bodies.pop(channel, None)
        else:
            self._bodies[channel] = body
        return form

    def _lay_stubs(self, carrying: Collection[int]) -> None:
        """Put one stub in the place of all events that follow one another and go."""
        for run in self._runs(carrying):
            if len(run) == 1 and run[0].kind == "stub":
                continue
            last = run[-1]
            content = stub(event.digests for event in run)
            self._changes.removed += [event.place for event in run[:-1]]
            self._changes.freed += sum(event.size + _ROW for event in run[:-1])
            self._put(WritesRow(last.place, self._line.id, None, None, "", 0, last.row.digest, content))

    def _runs(self, carrying: Collection[int]) -> Iterator[list[Event]]:
        run: list[Event] = []
        for event in self._scan.events:
            if event.place in carrying or (event.kind == "own" and self._stays(event.row)):
                if run:
                    yield run
                run = []
            else:
                run.append(event)
        if run:
            yield run

    def _put(self, row: CheckpointRow | WritesRow, salt: bytes = b"", because: CheckpointRow | None = None) -> None:
        """Store a row, given with its bare content, in the place of the one that is there."""
        sealed = self._sealer.seal(wrap(row.payload, salt), context_of(self._line, row.seq))
        made = self._changes
        made.freed += self._events[row.seq].size - len(sealed)
        if because is None and not (isinstance(row, WritesRow) and row.mask == 0):
            made.proved[row.seq] = row_digest(row, salt, row.payload)
        if isinstance(row, CheckpointRow):
            made.replaced[0].append(row._replace(payload=sealed))
        else:
            made.replaced[1].append(row._replace(payload=sealed))
