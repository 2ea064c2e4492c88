"""Content: what a row of the log says, opened and expanded."""

from __future__ import annotations

from collections.abc import Sequence

from ..sealing.seal import Sealer
from .codec import damaged, decode_checkpoint
from .envelope import unwrap_salted
from .line import Line
from .snapshot import Snapshot
from .store import Adding, CheckpointRow, Reader, WritesRow

__all__ = ["content_of", "context_of", "read_snapshot", "salted_content_of", "snapshot_of"]


def context_of(line: Line, seq: int) -> bytes:
    """What a sealed row is bound to: it opens at its own place only."""
    return f"{seq}\0{line.key.namespace}\0{line.key.thread}".encode("utf-8", "surrogatepass")


def content_of(sealer: Sealer, line: Line, row: CheckpointRow | WritesRow, where: str) -> bytes:
    """The content of a row, opened and expanded.

    Raises:
        DatabaseError: It cannot be read, or is sealed with a key that is not there.
    """
    return salted_content_of(sealer, line, row, where)[1]


def salted_content_of(sealer: Sealer, line: Line, row: CheckpointRow | WritesRow, where: str) -> tuple[bytes, bytes]:
    """The salt and the content of a row, opened and expanded: what its digest is made of.

    Raises:
        DatabaseError: It cannot be read, or is sealed with a key that is not there.
    """
    if not isinstance(row.payload, bytes):  # in SQLite it may be anything
        raise damaged(where, "its payload is not bytes")
    return unwrap_salted(sealer.open(row.payload, context_of(line, row.seq)), where)


def read_snapshot(sealer: Sealer, reader: Reader | Adding, line: Line, checkpoint: str | None) -> Snapshot | None:
    """A checkpoint of a line, the newest where None, without its values; None where it is not there."""
    return snapshot_of(sealer, line, reader.chain(line.id, checkpoint))


def snapshot_of(sealer: Sealer, line: Line, rows: Sequence[CheckpointRow]) -> Snapshot | None:
    """The last of the checkpoints that `Reader.chain` gives, without its values; None where there are none."""
    found: Snapshot | None = None
    for row in rows:
        where = f"{line.key}, checkpoint {row.id}"
        found = decode_checkpoint(content_of(sealer, line, row, where), row.seq, row.id, found, where)
    return found
