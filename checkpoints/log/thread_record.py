"""ThreadRecord: one event of a thread, in a form that depends on no database and on no place in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .request import Typed
from .snapshot import Sections
from .task_write import TaskWrite

__all__ = ["CarriedHistory", "CheckpointRecord", "ThreadRecord", "WritesRecord"]


@dataclass(frozen=True, slots=True)
class CarriedHistory:
    """What pruning left of a channel from before a checkpoint."""

    seed: Typed | None
    """Its last stored value; None where that stands elsewhere, or there was none."""
    held: bool
    """Whether that is its value in the checkpoint; else it has none there, as a delta channel between two snapshots."""
    writes: Sequence[TaskWrite]
    """What was written to it after that, the oldest first; objects in it are msgpack extensions."""


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    """A checkpoint."""

    namespace: str
    """Its namespace."""
    id: str
    """Its id."""
    parent: str | None
    """Id of the checkpoint before it, which may have been pruned."""
    follows: str | None
    """Id of the nearest checkpoint before it that is there; as a rule the same. Values are told by what changed."""
    sections: Sections
    """Its header."""
    values: Mapping[str, Typed]
    """The value of each channel that is new since `follows`."""
    added: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    """Of these, the lists that only grew: id of an earlier checkpoint, and the elements that its list had added."""
    emptied: Sequence[str] = ()
    """The channels that have lost their value since."""
    carried: Mapping[str, CarriedHistory] = field(default_factory=dict)
    """What pruning left of channels from between `follows` and it."""


@dataclass(frozen=True, slots=True)
class WritesRecord:
    """What one task wrote on a checkpoint."""

    namespace: str
    """Its namespace."""
    checkpoint: str
    """Id of the checkpoint."""
    task: str
    """Id of the task."""
    content: bytes
    """Path and writes as msgpack: `[path, [[index, channel, value], ...]]`."""


ThreadRecord = CheckpointRecord | WritesRecord
"""One event of a thread. What pruning left of the audit chain is none: a chain belongs to one database."""
