"""Commit: one transaction for all the requests that wait, each admitted or refused by itself."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ...contracts import QuorateError, StaleThreadError
from ..sealing.seal import Sealer
from .codec import encode_checkpoint, mask_of, writes_digest
from .content import context_of
from .digest import chain
from .envelope import SALT, wrap_all
from .fence import admit_checkpoint, admit_writes
from .forms import Forms, read_marked
from .line import Line, LineKey
from .recent import Recent
from .request import PutCheckpoint, PutWrites, Request
from .run import Run
from .snapshot import Snapshot
from .store import Adding, CheckpointRow, WritesRow
from .value import Body

__all__ = ["Commit"]

_KEPT = 64 << 20
"""About how many bytes of lines' newest checkpoints are kept in memory."""
_SNAPSHOT = 16 << 10
"""About how many of them a checkpoint takes without its lists."""


class Commit:
    """Adds requests to their lines. One thread's, with what it remembers of the newest checkpoints.

    Args:
        sealer: What seals the rows.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._newest: Recent[tuple[int, Snapshot]] = Recent(_KEPT)
        self._batch: _Batch | None = None

    def keep(self) -> None:
        """What the last call has changed in memory holds: its transaction is durable."""
        self._batch = None

    def forget(self) -> None:
        """Take back what the last call has changed in memory: its transaction was undone."""
        if self._batch is not None:
            for line in self._batch.lines:
                self._newest.forget(line)
            for run, key in self._batch.forked:
                run.forked.discard(key)
        self._batch = None

    def __call__(self, transaction: Adding, requests: Sequence[Request]) -> list[Exception | None]:
        """Add the requests in their order; for each None, or why it was refused."""
        batch = self._batch = _Batch(transaction, self._sealer)
        lines = transaction.open_lines({request.key for request in requests})
        results: list[Exception | None] = []
        for seq, request in zip(transaction.places(len(requests)), requests, strict=True):
            line = lines[request.key]
            try:
                if isinstance(request, PutCheckpoint):
                    self._add_checkpoint(batch, line, request, seq)
                else:
                    self._add_writes(batch, line, request, seq)
                results.append(None)
            except (QuorateError, ValueError, TypeError) as error:
                results.append(error)
        batch.finish()
        return results

    def _add_checkpoint(self, batch: _Batch, line: Line, request: PutCheckpoint, seq: int) -> None:
        if (line.id, request.id) in batch.checkpoints:
            batch.flush()  # what the database says of the id that is there holds within a batch too
        if admit_checkpoint(line, request) and request.run is not None:
            request.run.forked.add(request.key)
            batch.forked.append((request.run, request.key))
        parent = self._parent(batch, line, request)
        salt = self._salt(batch, seq)

        def stored(channel: str, place: int) -> Body | None:
            batch.flush()
            forms = Forms(self._sealer, batch.transaction, line)
            forms.load([(channel, place)])
            return forms.body(channel, place)

        payload, content, snapshot = encode_checkpoint(request, seq, parent, salt, stored)
        tip = chain(line.tip or line.key.origin, content)
        place = None if parent is None else parent.seq
        row = CheckpointRow(seq, line.id, request.id, place, snapshot.depth, tip, payload)
        batch.checkpoints[line.id, request.id] = row
        if line.early:
            batch.arrived.append((line, request.id, seq))
        line.head, line.head_id, line.tip = seq, request.id, tip
        line.owner = 0 if request.run is None else request.run.token
        line.events += 1
        batch.lines[line.id] = line
        size = _SNAPSHOT + sum(len(body.content) for body in snapshot.bodies.values())
        self._newest.keep(line.id, (line.generation, snapshot), size)

    def _add_writes(self, batch: _Batch, line: Line, request: PutWrites, seq: int) -> None:
        takes_over = admit_writes(line, request)
        salt = self._salt(batch, seq)
        written = request.written
        content = writes_digest(request.checkpoint, request.task, written.path, written.digests, salt)
        tip = chain(line.tip or line.key.origin, content)
        place = line.head if request.checkpoint == line.head_id else batch.place_of(line, request.checkpoint)
        early = request.checkpoint if place is None else None
        mask = mask_of(request.channels)
        batch.writes.append(WritesRow(seq, line.id, place, early, request.task, mask, tip, written.content))
        if takes_over and request.run is not None:
            line.owner = request.run.token
        line.early += early is not None
        line.tip = tip
        line.events += 1
        batch.lines[line.id] = line

    def _salt(self, batch: _Batch, seq: int) -> bytes:
        if not self._sealer.encrypts:
            return b""
        # Digests are not sealed: with this nobody can try out what a sealed row says.
        salt = batch.salts[seq] = os.urandom(SALT)
        return salt

    def _parent(self, batch: _Batch, line: Line, request: PutCheckpoint) -> Snapshot | None:
        if request.parent is None:
            return None
        generation, newest = self._newest.get(line.id) or (-1, None)
        if newest is not None and newest.id == request.parent and generation == line.generation:
            return newest
        batch.flush()
        found = read_marked(self._sealer, batch.transaction, line, request.parent)
        if found is None and not request.whole:
            raise StaleThreadError(
                str(line.key),
                got=f"a checkpoint that follows {request.parent}, which has been removed",
                expected="a checkpoint that follows one that is there",
                fix="run again on what the thread holds now",
            )
        return found


class _Batch:
    """What one transaction adds; the rows' payloads are their bare content until they are added."""

    def __init__(self, transaction: Adding, sealer: Sealer) -> None:
        self.transaction = transaction
        self.sealer = sealer
        self.checkpoints: dict[tuple[int, str], CheckpointRow] = {}
        self.writes: list[WritesRow] = []
        self.arrived: list[tuple[Line, str, int]] = []
        self.lines: dict[int, Line] = {}
        self.forked: list[tuple[Run, LineKey]] = []
        self.salts: dict[int, bytes] = {}

    def place_of(self, line: Line, checkpoint: str) -> int | None:
        row = self.checkpoints.get((line.id, checkpoint))
        return self.transaction.place_of(line.id, checkpoint) if row is None else row.seq

    def flush(self) -> None:
        checkpoints = list(self.checkpoints.values())
        payloads = self._payloads([*checkpoints, *self.writes])
        self.transaction.add(
            [row._replace(payload=payload) for row, payload in zip(checkpoints, payloads, strict=False)],
            [
                row._replace(payload=payload)
                for row, payload in zip(self.writes, payloads[len(checkpoints) :], strict=True)
            ],
        )
        for line, checkpoint, place in self.arrived:
            line.early -= self.transaction.adopt(line.id, checkpoint, place)
        self.checkpoints, self.writes, self.arrived, self.salts = {}, [], [], {}

    def finish(self) -> None:
        self.flush()
        self.transaction.save(self.lines.values())

    def _payloads(self, rows: Sequence[CheckpointRow | WritesRow]) -> list[bytes]:
        wrapped = wrap_all([(row.payload, self.salts.get(row.seq, b"")) for row in rows])
        if not self.sealer.encrypts:
            return [self.sealer.seal(each, b"") for each in wrapped]
        contexts = [context_of(self.lines[row.line], row.seq) for row in rows]
        return [self.sealer.seal(each, context) for each, context in zip(wrapped, contexts, strict=True)]
