"""Pruned: what a line's log holds in the place of events that were pruned.

Pruning takes events out of a line, and leaves what the rest needs:

- A *stub* is a row of writes with mask 0, that belongs to no checkpoint. It stands for one or more events that
  followed one another, and holds their content digests. Its own digest is the chain's after the last of them.
- A *carried checkpoint* is a checkpoint's row of depth -1, in the place of one that was pruned. It holds the content
  digest of that one, and the values that kept checkpoints need of it and of those pruned before it.
- A *carried write* is a row of writes on a carried checkpoint, in the place of writes that were pruned. It holds their
  content digest, and what was written to delta channels from the last kept checkpoint on, as `CarriedWrites`.
- A *pruning* is an event of its own, a row of writes with mask 0 that belongs to no checkpoint, and each prune appends
  one. It holds the `row_digest` of every row that carries something, or that refers to a carried checkpoint: these
  rows say what no content digest covers. The newest pruning of a line speaks of all of them.

So the chain holds from the first event on: see `content_digests_of`. And what is carried is proved by the chain, not by
the pruning alone: a value by the digest of each checkpoint that has it, a write by the digest that its row had.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ormsgpack

from .carried import CarriedWrites
from .codec import damaged
from .digest import content_digest
from .store import CheckpointRow, WritesRow
from .value import Form

__all__ = [
    "Pruning",
    "carried_checkpoint",
    "carried_of",
    "carried_writes",
    "content_digests_of",
    "is_carried",
    "pruning_of",
    "row_digest",
    "split_digests",
    "stub",
]

_STUB, _PRUNING = 0, 1
_CARRIED = 2  # codec's own kinds of a checkpoint's row are 0 and 1
_PACKING = ormsgpack.OPT_NON_STR_KEYS
_LONG = 32


@dataclass(frozen=True, slots=True)
class Pruning:
    """That a line was pruned."""

    at: str
    """When, in ISO 8601 UTC."""
    policy: str
    """What was to be kept, in words."""
    events: int
    """How many events were taken out by it."""
    gone: int
    """How many were by it and all before it: those that stubs and what carries stand for, earlier prunings among them.

    With this nobody can pass an event that he takes out by himself off as one that was pruned.
    """
    rows: Mapping[int, bytes]
    """The `row_digest` of every row that carries something or refers to what is carried, by its place."""

    @property
    def content(self) -> bytes:
        """The content of its row."""
        fields = [_PRUNING, self.at, self.policy, self.events, self.gone, dict(self.rows)]
        return ormsgpack.packb(fields, option=_PACKING)

    def digest(self, salt: bytes) -> bytes:
        """Its content digest."""
        return _digest(self.content, salt)


def is_carried(row: CheckpointRow | WritesRow) -> bool:
    """Whether a row is that of a carried checkpoint."""
    return isinstance(row, CheckpointRow) and row.depth < 0


def stub(digests: Iterable[bytes]) -> bytes:
    """The content of a stub for the events of these content digests."""
    return ormsgpack.packb([_STUB, b"".join(digests)])


def carried_checkpoint(digest: bytes, values: Mapping[str, Form]) -> bytes:
    """The content of a carried checkpoint's row: the content digest of the pruned one, and the values to carry."""
    return ormsgpack.packb([_CARRIED, digest, dict(values)])


def carried_writes(digest: bytes, writes: Iterable[CarriedWrites]) -> bytes:
    """The content of a carried write: the content digest of the pruned ones, and what to carry, the oldest first."""
    return ormsgpack.packb([None, [list(each) for each in writes], digest], option=_PACKING)


def carried_of(row: CheckpointRow | WritesRow, content: bytes, where: str) -> list[CarriedWrites]:
    """The writes that a row carries; none where it is another row.

    Raises:
        DatabaseError: The row is not one that quorate wrote.
    """
    if isinstance(row, CheckpointRow):
        return []
    path, found, *_ = [*_read(content, where), None]
    if path is not None:
        return []
    try:
        return [CarriedWrites.read(each) for each in found]
    except (TypeError, ValueError) as error:
        raise damaged(where, error) from error


def content_digests_of(row: CheckpointRow | WritesRow, salt: bytes, content: bytes, where: str) -> list[bytes] | None:
    """The content digests of the events that a row stands for, oldest first; None where it is one of its own kind.

    Such a row, of a checkpoint or of a task's writes as it was stored, is proved by `checkpoint_digest` or
    `writes_digest`. Any other by this: `chain` over what it gives, from the digest of the row before, must give the
    row's own digest. What a row carries is proved by the line's newest pruning: see `pruning_of` and `row_digest`.

    Args:
        row: The row.
        salt: What its content begins with.
        content: Its content.
        where: What errors name.

    Raises:
        DatabaseError: The row is not one that quorate wrote.
    """
    if isinstance(row, CheckpointRow):
        return [_checked(_read(content, where), _CARRIED, where)] if row.depth < 0 else None
    read = _read(content, where)
    if read[0] is None:
        return [_checked(read, None, where)]
    if not _stands_alone(row) or not isinstance(read[0], int):
        return None
    if read[0] == _PRUNING:
        return [_digest(content, salt)]
    digests = read[1] if len(read) == 2 and read[0] == _STUB else None
    if not isinstance(digests, bytes) or not digests or len(digests) % _LONG:
        raise damaged(where, "it is not a stub of pruned events")
    return split_digests(digests)


def split_digests(digests: bytes) -> list[bytes]:
    """Digests that stand one after the other, one by one."""
    return [digests[start : start + _LONG] for start in range(0, len(digests), _LONG)]


def pruning_of(row: CheckpointRow | WritesRow, content: bytes, where: str) -> Pruning | None:
    """The pruning that a row records; None where it is another row.

    Raises:
        DatabaseError: The row is not one that quorate wrote.
    """
    if isinstance(row, CheckpointRow) or not _stands_alone(row):
        return None
    kind, *fields = _read(content, where)
    if kind != _PRUNING:
        return None
    try:
        at, policy, events, gone, rows = fields
        return Pruning(str(at), str(policy), int(events), int(gone), dict(rows))
    except (TypeError, ValueError) as error:
        raise damaged(where, error) from error


def row_digest(row: CheckpointRow | WritesRow, salt: bytes, content: bytes) -> bytes:
    """The digest of a row as it stands: where it belongs, and its content. It does not change with the key."""
    if isinstance(row, CheckpointRow):
        columns: Any = ["checkpoint", row.seq, row.id, row.parent, row.depth]
    else:
        columns = ["writes", row.seq, row.checkpoint, row.task, row.mask]
    return content_digest(("row", columns, content, salt))


def _stands_alone(row: WritesRow) -> bool:
    return row.checkpoint is None and row.early is None and row.mask == 0


def _digest(content: bytes, salt: bytes) -> bytes:
    return content_digest(("pruning", content, salt))


def _read(content: bytes, where: str) -> list[Any]:
    try:
        read = ormsgpack.unpackb(content, ext_hook=ormsgpack.Ext, option=_PACKING)
    except ValueError as error:
        raise damaged(where, error) from error
    if not isinstance(read, list) or not read:
        raise damaged(where, "it is not a list")
    return read


def _checked(read: list[Any], kind: int | None, where: str) -> bytes:
    """The digest of what was pruned, from the row of what is carried."""
    # Of a checkpoint the digest stands before the values, of writes after them: readers look for both at the ends.
    digest = read[1 if kind == _CARRIED else -1] if len(read) == 3 and read[0] == kind else None
    if not isinstance(digest, bytes) or len(digest) != _LONG:
        raise damaged(where, "it does not prove what was pruned")
    return digest
