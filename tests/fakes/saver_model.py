"""SaverModel: what a saver must hold, as plain dicts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import WRITES_IDX_MAP, Checkpoint, CheckpointTuple, writes_sort_key
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from tests.fakes.transcript import plain

__all__ = ["Kept", "SaverModel", "following", "place", "shown"]

Line = tuple[str, str]
"""A thread and a namespace in it."""


def place(line: Line, checkpoint: str | None = None) -> RunnableConfig:
    """The config that names a checkpoint of a line, or its newest one."""
    configurable: dict[str, Any] = {"thread_id": line[0], "checkpoint_ns": line[1]}
    return {"configurable": configurable if checkpoint is None else {**configurable, "checkpoint_id": checkpoint}}


@dataclass(frozen=True)
class Kept:
    """One checkpoint that was put, and what was written on it."""

    line: Line
    checkpoint: Checkpoint
    metadata: Mapping[str, Any]
    parent: str | None
    writes: dict[tuple[str, int], tuple[str, Any, str]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.checkpoint["id"]

    def write(self, task: str, path: str, writes: list[tuple[str, Any]]) -> None:
        """Keep a task's writes: the first of each place stays, of a special channel the last one."""
        for position, (channel, value) in enumerate(writes):
            key = (task, WRITES_IDX_MAP.get(channel, position))
            if key[1] < 0 or key not in self.writes:
                self.writes[key] = (channel, copy.deepcopy(value), path)

    def shown(self) -> dict[str, Any]:
        """The form in which `shown` gives what a saver returns."""
        order = sorted(self.writes, key=lambda key: writes_sort_key(self.writes[key][2], *key))
        return {
            "line": self.line,
            "checkpoint": _plain_checkpoint(self.checkpoint),
            "metadata": plain(dict(self.metadata)),
            "parent": self.parent,
            "writes": [(key[0], self.writes[key][0], plain(self.writes[key][1])) for key in order],
        }


def shown(found: CheckpointTuple | None) -> dict[str, Any] | None:
    """What a saver returns, as plain data."""
    if found is None:
        return None
    here = found.config["configurable"]
    assert here["checkpoint_id"] == found.checkpoint["id"]
    parent = None if found.parent_config is None else found.parent_config["configurable"]
    assert parent is None or (parent["thread_id"], parent["checkpoint_ns"]) == (
        here["thread_id"],
        here["checkpoint_ns"],
    )
    return {
        "line": (here["thread_id"], here["checkpoint_ns"]),
        "checkpoint": _plain_checkpoint(found.checkpoint),
        "metadata": plain(dict(found.metadata)),
        "parent": parent and parent["checkpoint_id"],
        "writes": [(task, channel, plain(value)) for task, channel, value in found.pending_writes or []],
    }


def following(
    parent: Kept | None, changes: Mapping[str, Any], id_: str, next_version: Callable[[Any], Any]
) -> tuple[Checkpoint, dict[str, Any]]:
    """A checkpoint after `parent`, and the new versions; a change to None takes the channel's value away."""
    if parent and any(channel == "delta" for channel, _, _ in parent.writes.values()):
        changes = {"delta": None, **changes}  # what is written to a channel gives it a new version
    held = parent.checkpoint if parent else None
    versions = dict(held["channel_versions"]) if held else {}
    content = copy.deepcopy(held["channel_values"]) if held else {}
    content.pop("delta", None)  # it is stored at a snapshot only
    new = {name: next_version(versions.get(name)) for name in changes}
    for name, value in changes.items():
        content.pop(name, None)
        if value is not None:
            content[name] = _DeltaSnapshot(value) if name == "delta" else value
    checkpoint = Checkpoint(
        v=4,
        id=id_,
        ts="2026-11-21T00:00:00.000000+00:00",
        channel_values=content,
        channel_versions={**versions, **new},
        versions_seen={"__input__": {}, "node": dict(versions)},
        updated_channels=sorted(changes),
    )
    return checkpoint, new


def _plain_checkpoint(checkpoint: Checkpoint) -> Any:
    # LangGraph passes the snapshot of a delta channel once; while the channel's version stays, a saver may show it
    # again, as one in memory does, or not, as one that keeps whole checkpoints.
    updated = checkpoint["updated_channels"] or ()
    values = {
        name: value
        for name, value in checkpoint["channel_values"].items()
        if name in updated or not isinstance(value, _DeltaSnapshot)
    }
    return plain({**checkpoint, "channel_values": values})


class SaverModel:
    """Every checkpoint by its line and id. Ids grow with time."""

    def __init__(self) -> None:
        self.lines: dict[Line, dict[str, Kept]] = {}

    def head(self, line: Line) -> Kept | None:
        """The newest checkpoint of a line."""
        kept = self.lines.get(line)
        return kept[max(kept)] if kept else None

    def all(self) -> list[Kept]:
        return [kept for line in self.lines.values() for kept in line.values()]

    def keep(self, kept: Kept) -> None:
        self.lines.setdefault(kept.line, {})[kept.id] = kept

    def drop(self, kept: Kept) -> None:
        del self.lines[kept.line][kept.id]

    def forget(self, thread: str) -> None:
        self.lines = {line: kept for line, kept in self.lines.items() if line[0] != thread}

    def copy(self, source: str, target: str) -> None:
        for kept in self.all():
            if kept.line[0] == source:
                self.keep(replace(kept, line=(target, kept.line[1]), writes=dict(kept.writes)))

    def listed(
        self, line: Line, *, wanted: Mapping[str, Any], before: str | None, limit: int | None
    ) -> Iterator[dict[str, Any]]:
        """The checkpoints of a line that match, newest first."""
        found = sorted(self.lines.get(line, {}).items(), reverse=True)
        matching = [
            kept.shown()
            for id_, kept in found
            if (before is None or id_ < before) and all(kept.metadata.get(key) == wanted[key] for key in wanted)
        ]
        yield from matching if limit is None else matching[:limit]
