"""Rows of the log as the parameters of a Postgres statement."""

from __future__ import annotations

from collections.abc import Sequence

from ..log.store import CheckpointRow, WritesRow
from ..sealing.seal import Sealer
from .array import Binaries, Numbers, Texts
from .text import stored

__all__ = ["ADD_CHECKPOINTS", "ADD_WRITES", "checkpoint_columns", "sealed_name", "writes_columns"]

ADD_CHECKPOINTS = (
    "INSERT INTO quorate_checkpoints (seq, line, id, parent, depth, digest, payload)"
    " SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b)"
)
"""Adds the rows of `checkpoint_columns`."""
ADD_WRITES = (
    "INSERT INTO quorate_writes (seq, line, checkpoint, early, task, mask, digest, payload)"
    " SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b)"
)
"""Adds the rows of `writes_columns`."""


def checkpoint_columns(rows: Sequence[CheckpointRow]) -> list[object]:
    """The columns of checkpoints, each an array."""
    seq, line, id_, parent, depth, digest, payload = zip(*rows, strict=True) if rows else [()] * 7
    return [
        Numbers(seq),
        Numbers(line),
        Texts(map(stored, id_)),
        Numbers(parent),
        Numbers(depth),
        Binaries(digest),
        Binaries(payload),
    ]


def writes_columns(rows: Sequence[WritesRow]) -> list[object]:
    """The columns of tasks' writes, each an array."""
    seq, line, checkpoint, early, task, mask, digest, payload = zip(*rows, strict=True) if rows else [()] * 8
    return [
        Numbers(seq),
        Numbers(line),
        Numbers(checkpoint),
        Texts([each and stored(each) for each in early]),
        Texts(map(stored, task)),
        Numbers(mask),
        Binaries(digest),
        Binaries(payload),
    ]


def sealed_name(sealer: Sealer, thread: str) -> tuple[str, bytes | None]:
    """The name under which a thread's new lines are stored, and the thread's id, sealed, where it is another."""
    name = sealer.names_of(thread)[0]
    return name, None if name == thread else sealer.seal(thread.encode("utf-8", "surrogatepass"), name.encode())
