"""Snapshot: a stored checkpoint without its values, but with the places that hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .mark import Marks
from .value import Body, Form

__all__ = ["Sections", "Snapshot"]

Sections = dict[str, dict[str, Any]]
"""A checkpoint's header by section: `c` its own fields, `m` metadata, `s` versions seen, `v` channel versions."""


@dataclass(slots=True, eq=False)
class Snapshot:
    """A stored checkpoint without its values, but with the places that hold them."""

    seq: int
    """Its place in the log."""
    id: str
    """Its id."""
    parent: str | None
    """Id of the checkpoint that it follows."""
    sections: Sections
    """Its header."""
    held: dict[str, int]
    """For each channel that has a value: the place of the checkpoint that holds it."""
    seeds: dict[str, int]
    """For each channel that has lost its value: the place of the checkpoint that held the last one."""
    own: dict[str, Form]
    """The values that it holds itself."""
    depth: int = 0
    """How many checkpoints before it are needed to read its header."""
    bodies: dict[str, Body] = field(default_factory=dict)
    """Lists to compare the next ones with; the writer's only."""
    marks: Marks | None = None
    """What its digest covers of its values; None where that is not known."""
