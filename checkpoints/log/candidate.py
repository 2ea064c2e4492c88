"""Candidate: a checkpoint, as a rule looks at it that says which stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import ormsgpack

from ..thread import time_of
from .codec import damaged
from .snapshot import Snapshot

__all__ = ["Candidate", "candidate_of"]

_START, _BRANCH, _SENDS, _JOIN = "__start__", "branch:to:", "__pregel_tasks", "join:"
_BRANCHES = 3
"""The version of checkpoints from which on what starts a node is in `branch:to:node`."""
_OLDER = ("branch:", "start:")
"""How the names of channels begin that started one before; others had the name of the node that had ended."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A checkpoint, as a rule looks at it that says which stay."""

    place: int
    """Its place in the log: those of later ones are higher."""
    id: str
    """Its id."""
    at: datetime | None
    """When it was made, in UTC; None where neither its id nor its content tells."""
    ended: bool | None
    """Whether no task waits after it: a turn has ended, or the thread stands still. None where that cannot be told."""
    run: str
    """The run that it comes from, where its metadata names one as `run_id`; else empty."""
    parents: Mapping[str, str]
    """Of a subgraph's checkpoint: for each namespace around it, the id of the checkpoint that it ran on."""


def candidate_of(snapshot: Snapshot, value: Callable[[str, int], bytes | None], where: str) -> Candidate:
    """A stored checkpoint as a candidate.

    Args:
        snapshot: The checkpoint.
        value: Gives a channel's value at a place as msgpack; None where it has another form.
        where: What errors name.

    Raises:
        DatabaseError: What waits in it cannot be read.
    """
    metadata = snapshot.sections["m"]
    parents = metadata.get("parents")
    try:
        ended = _has_ended(snapshot, value)
    except (ValueError, TypeError) as error:
        raise damaged(where, error) from error
    return Candidate(
        snapshot.seq,
        snapshot.id,
        time_of(snapshot.id) or _time(snapshot.sections["c"].get("ts")),
        ended,
        str(metadata.get("run_id") or ""),
        {str(name): str(id_) for name, id_ in parents.items()} if isinstance(parents, dict) else {},
    )


def _has_ended(snapshot: Snapshot, value: Callable[[str, int], bytes | None]) -> bool | None:
    """Whether no task waits after a checkpoint; None where that cannot be told without its graph."""
    version = snapshot.sections["c"].get("v")
    older = not isinstance(version, int) or version < _BRANCHES
    for channel, place in snapshot.held.items():
        if channel == _START or channel.startswith(_BRANCH) or (older and channel.startswith(_OLDER)):
            return False
        if channel == _SENDS and _read(value(channel, place)):
            return False
        if channel.startswith(_JOIN) and _complete(channel, _read(value(channel, place))):
            return False
    if _triggered(snapshot):
        return False
    # What a node that has ended starts by its own name only the graph tells.
    return None if older and not snapshot.sections["s"].keys().isdisjoint(snapshot.held) else True


def _triggered(snapshot: Snapshot) -> bool:
    """Whether a node that has run before would run again: a channel that it ran on has a newer value."""
    versions = snapshot.sections["v"]
    for node, seen in snapshot.sections["s"].items():
        if node.startswith("__") or not isinstance(seen, dict):
            continue
        for channel, version in seen.items():
            now: Any = versions.get(channel)
            newer = type(now) is type(version) and now > version
            if newer and channel in snapshot.held and not channel.startswith(_JOIN):
                return True
    return False


def _complete(channel: str, seen: Any) -> bool:
    """Whether all the nodes that a join waits for have ended: its channel is `join:node+node:target`."""
    names = channel.split(":", 2)[1].split("+")
    return isinstance(seen, list) and set(names) <= {name for name in seen if isinstance(name, str)}


def _read(content: bytes | None) -> Any:
    """The value as plain data; of a set its members."""

    def members(code: int, inner: bytes) -> Any:
        found = ormsgpack.unpackb(inner, ext_hook=members, option=ormsgpack.OPT_NON_STR_KEYS)
        # A set is stored as the arguments to make one: (module, name, members).
        return found[2] if isinstance(found, list) and len(found) > 2 and found[:2] == ["builtins", "set"] else found

    return None if content is None else ormsgpack.unpackb(content, ext_hook=members, option=ormsgpack.OPT_NON_STR_KEYS)


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
