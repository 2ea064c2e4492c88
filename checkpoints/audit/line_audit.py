"""LineAudit: one line, audited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..log.line import Line
from ..log.pruned import Pruning
from ..log.store import CheckpointRow, Reader, WritesRow
from ..sealing.seal import Sealer
from .finding import Finding, Kind
from .link import Cause, Links
from .prover import Proof, Prover
from .signature import Head

__all__ = ["LineAudit"]

_MOST = 1_000
"""How many findings of one line are listed."""


@dataclass(slots=True)
class _Event:
    """What a finding calls an event."""

    checkpoint: str | None
    task: str | None
    place: int


class LineAudit:
    """One line, audited.

    Args:
        reader: Reads of one moment.
        sealer: What opens the rows.
        line: The line as it stands at that moment.
        head: Where it stood when heads were signed.
    """

    def __init__(self, reader: Reader, sealer: Sealer, line: Line, head: Head | None) -> None:
        self._reader, self._line, self._head = reader, line, head
        self._prover = Prover(reader, sealer, line)
        self._links = Links(line.key.origin, None if head is None else head.events)
        self._found: list[Finding] = []
        self._wrong: dict[int, int] = {}
        self._builds_on: dict[int, set[int]] = {}
        self._forged: set[int] = set()
        self._leaning: dict[int, list[_Event]] = {}
        self._gone: set[int] = set()
        self._newest: int | None = None
        self._early = 0
        self._pruned = 0
        self._pruning: tuple[Pruning, int] | None = None
        self._standing: dict[int, bytes] = {}
        self._unless_pruned: dict[int, tuple[_Event, list[str]]] = {}
        self._carried: dict[bytes, _Event] = {}

    def __call__(self, tick: Callable[[], None]) -> list[Finding]:
        """What is wrong, in the order of the log; what concerns the whole line comes last.

        Args:
            tick: Called with each event.
        """
        for row in self._reader.events(self._line.id):
            tick()
            self._take(row)
        self._check_pruning()
        self._check_carried()
        missing = self._report_breaks()
        for root, events in self._leaning.items():
            more = f", as {len(events) - 1} more do" if len(events) > 1 else ""
            self._report(events[0], "unproven", f"it builds on place {root}{more}")
        self._found.sort(key=lambda each: each.place or 0)
        self._check_end(missing)
        left = len(self._found) - _MOST + self._links.unlisted
        return self._found[:_MOST] + ([self._finding("changed", f"{left} more findings")] if left > 0 else [])

    def _take(self, row: CheckpointRow | WritesRow) -> None:
        proof = self._prover(row)
        event = _Event(proof.checkpoint, row.task if isinstance(row, WritesRow) else None, row.seq)
        if isinstance(row, CheckpointRow):
            pruned = isinstance(row.depth, int) and row.depth < 0
            self._newest = self._newest if pruned else row.seq
        else:
            self._early += row.early is not None
        root = next((self._wrong[place] for place in sorted(proof.builds_on) if place in self._wrong), None)
        if root is None and proof.gone:
            root = min(proof.gone)
            self._gone.add(root)
        because = proof.because if root is None else ("unproven", "")
        if not self._links.add(row.seq, row.digest, proof.contents, because):
            self._wrong[row.seq] = row.seq if root is None else root
            self._builds_on[row.seq] = proof.builds_on
            if root is not None:
                self._leaning.setdefault(root, []).append(event)
        for note in proof.notes:
            self._report(event, "reference", note)
        self._note_pruning(event, proof)

    def _note_pruning(self, event: _Event, proof: Proof) -> None:
        if proof.standing is not None:
            self._standing[event.place] = proof.standing
        if proof.unless_pruned:
            self._unless_pruned[event.place] = event, proof.unless_pruned
        self._carried |= dict.fromkeys(proof.carried, event)
        if proof.pruning is not None:
            # It tells of all prunings before it, and they have become pruned events themselves.
            if self._pruning is not None:
                self._pruned += 1
            self._pruning = proof.pruning, self._pruned
        self._pruned += len(proof.contents) if proof.pruned else 0

    def _check_pruning(self) -> None:
        """Check what stands in the place of pruned events against what the newest pruning says."""
        pruning, before = self._pruning or (None, 0)
        rows = {} if pruning is None else pruning.rows
        for place, digest in rows.items():
            found = self._standing.get(place)
            if found != digest:
                self._forged.add(place)
                at = "" if pruning is None else pruning.at
                gone = "is gone" if found is None else "is not as it was"
                self._report(_Event(None, None, place), "changed", f"what the pruning of {at} left here {gone}")
        for place, (event, notes) in self._unless_pruned.items():
            if place not in rows:
                for note in notes:
                    self._report(event, "reference", note)
        told = 0 if pruning is None else pruning.gone
        if told != self._pruned or before != self._pruned:
            what = f"{self._pruned} of its events are gone as if they had been pruned, and {told} were"
            self._report_line("missing", what)

    def _check_carried(self) -> None:
        """Check that the writes that are carried are of events that were pruned; values prove themselves."""
        if not self._carried:
            return
        for row in self._reader.events(self._line.id):
            if isinstance(row, WritesRow):
                proof = self._prover(row)
                for digest in proof.contents if proof.pruned else ():
                    self._carried.pop(digest, None)
        for place, event in {event.place: event for event in self._carried.values()}.items():
            if place not in self._forged:
                self._report(event, "changed", "it carries writes that are not those that were pruned")

    def _report_breaks(self) -> bool:
        """Report where the chain breaks; whether events are missing by that."""
        missing = bool(self._gone)
        for place in sorted(self._gone):
            what = "the checkpoint that was here is gone: others refer to it"
            self._report(_Event(None, None, place), "missing", what)
        for each in self._links.breaks(self._line.tip, self._line.events):
            forged = self._builds_on.get(each.place, set()) & self._forged
            if each.cause == "changed" and forged:
                self._leaning.setdefault(min(forged), []).append(self._event(each.place))
            elif each.cause != "unproven":
                missing = missing or each.cause == "missing"
                self._report(self._event(each.place), each.cause, each.what)
        return missing

    def _check_end(self, missing: bool) -> None:
        """Check what the line's own row says of it, and what was signed of it."""
        line, links = self._line, self._links
        left = line.events - links.events
        inserted = any(each.kind in ("inserted", "copied") for each in self._found)
        if left > 0 and not missing:
            behind = "its last events are gone, or " if line.tip != links.tip else ""
            what = f"{behind}its row counts {line.events} events, and there are {links.events}"
            self._report_line("missing" if behind else "head", what)
        elif left < 0 and not inserted:
            self._report_line("head", f"its row counts {line.events} events, and there are {links.events}")
        elif line.tip != links.tip and not (left or inserted):
            self._report_line("head", "its row has another digest than its last event")
        if line.head != self._newest:
            newest = "none" if self._newest is None else f"the one at place {self._newest}"
            self._report_line("head", f"its row takes place {line.head} for its newest checkpoint, which is {newest}")
        if line.early != self._early:
            what = f"its row counts {line.early} writes without their checkpoint, and there are {self._early}"
            self._report_line("head", what)
        self._check_signed()

    def _check_signed(self) -> None:
        head = self._head
        if head is None or self._links.reached == bytes.fromhex(head.digest):
            return
        if self._links.events < head.events:
            what = f"it had {head.events} events on {head.at}, and has {self._links.events}"
        else:
            what = f"its event number {head.events} is not the one that was signed on {head.at}: it was rewritten"
        self._report_line("cut", what)

    def _event(self, place: int) -> _Event:
        """The event at a place, read again for its names."""
        row = next(iter(self._reader.events(self._line.id, place - 1)))
        proof: Proof = self._prover(row)
        return _Event(proof.checkpoint, row.task if isinstance(row, WritesRow) else None, place)

    def _report(self, event: _Event, kind: Kind | Cause, what: str) -> None:
        key = self._line.key
        self._found.append(Finding(kind, key.thread, key.namespace, event.checkpoint, event.task, event.place, what))

    def _report_line(self, kind: Kind, what: str) -> None:
        self._found.append(self._finding(kind, what))

    def _finding(self, kind: Kind, what: str) -> Finding:
        return Finding(kind, self._line.key.thread, self._line.key.namespace, None, None, None, what)
