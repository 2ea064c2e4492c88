"""Request: what a caller asks the writer to add to a line, already serialised."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .line import LineKey
from .run import Run
from .written import Written

__all__ = ["PutCheckpoint", "PutWrites", "Request", "Typed"]

Typed = tuple[str, bytes]
"""A serialised value: its form ("msgpack", "null", "bytes", "bytearray") and its bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class PutCheckpoint:
    """A checkpoint to add."""

    key: LineKey
    """The line that it goes to."""
    id: str
    """Its id."""
    parent: str | None
    """Id of the checkpoint that it follows; None for the first of a line."""
    header: bytes
    """All of it but the values, with its metadata, as canonical msgpack."""
    values: dict[str, Typed | None]
    """The serialised value of each channel that may be new; None where it has been emptied."""
    changed: Collection[str]
    """The channels that are new for certain; any other of `values` is where its version differs from the parent's."""
    whole: bool
    """Whether `values` has every channel, so that nothing is taken from the parent unseen."""
    run: Run | None
    """The run that it comes from; None where it does not come from LangGraph's loop."""
    forks: bool
    """Whether it says that it branches off: `update_state`, or a replay."""


@dataclass(frozen=True, slots=True, eq=False)
class PutWrites:
    """What one task wrote, to be kept beside the checkpoint that it ran on."""

    key: LineKey
    """The line that they go to."""
    checkpoint: str
    """Id of the checkpoint that the task ran on."""
    task: str
    """Id of the task."""
    channels: tuple[str, ...]
    """The channels that it wrote."""
    written: Written
    """What it wrote."""
    run: Run | None
    """The run that they come from."""


Request = PutCheckpoint | PutWrites
"""What the writer adds to a line."""
