"""Transcript: what a saver gave back, as plain data in which random ids are numbered in order of appearance."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from langchain_core.messages import BaseMessage
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.types import Interrupt, Overwrite, PregelTask, Send, StateSnapshot

__all__ = ["differences", "numbered", "plain", "plain_rows"]

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_NONE = "00000000-0000-0000-0000-000000000000"
_PLACE = ("thread_id", "checkpoint_ns", "checkpoint_id", "checkpoint_map")


def plain(value: Any) -> Any:
    """The value as data that compares and prints well; what a saver may write in its own way is brought to one form."""
    match value:
        case None | bool() | int() | float() | str() | bytes():
            return value
        case {"__interrupt__": list() | tuple() as questions, **rest}:
            # They come in the order in which the tasks ended.
            return {**plain(rest), "__interrupt__": sorted((plain(one) for one in questions), key=_blank)}
        case dict():
            return {str(key): plain(part) for key, part in sorted(value.items(), key=lambda item: str(item[0]))}
        case list():
            return [plain(part) for part in value]
        case set() | frozenset():
            return {"set": sorted(map(str, value))}
    return _record(value)


def _record(value: Any) -> Any:
    match value:
        case StateSnapshot():
            return _snapshot(value)
        case PregelTask():
            return _task(value)
        case Interrupt():
            return {"interrupt": plain(value.value), "id": value.id}
        case BaseMessage():
            return {type(value).__name__: value.content, "id": value.id}
        case _DeltaSnapshot() | Overwrite():
            return {type(value).__name__: plain(value.value)}
        case Send():
            return {"send": value.node, "arg": plain(value.arg)}
        case tuple():
            return {"tuple": [plain(part) for part in value]}
    return {type(value).__name__: str(value)}


def plain_rows(rows: Iterable[CheckpointTuple]) -> list[Any]:
    """The rows of a thread, in an order that does not depend on the saver: by namespace, then newest first."""
    found = [_row(row) for row in rows]
    found.sort(key=lambda row: row["config"]["checkpoint_id"], reverse=True)
    # Random ids are blanked here: they would decide which of two parallel subgraphs comes first.
    lines: dict[str, list[Any]] = {}
    for row in found:
        lines.setdefault(row["config"].get("checkpoint_ns", ""), []).append(row)
    return sorted(lines.values(), key=_blank)


def _blank(value: Any) -> str:
    return _ID.sub("#", repr(value))


def numbered(value: Any, names: dict[str, str]) -> Any:
    """The plain value with each random id replaced by its number in `names`, which grows."""
    match value:
        case str():
            return _ID.sub(lambda found: _number(found[0], names), value)
        case dict():
            return {numbered(key, names): numbered(part, names) for key, part in value.items()}
        case list():
            return [numbered(part, names) for part in value]
    return value


def differences(got: Any, expected: Any, where: str = "") -> list[str]:
    """Where two plain values differ, and how; nothing where they are equal."""
    if type(got) is type(expected):
        if isinstance(got, dict) and got.keys() == expected.keys():
            return [one for key in got for one in differences(got[key], expected[key], f"{where}.{key}")]
        if isinstance(got, list) and len(got) == len(expected):
            return [one for at, part in enumerate(got) for one in differences(part, expected[at], f"{where}[{at}]")]
        if got == expected:
            return []
    return [f"{where}: {got!r}, expected {expected!r}"]


def _number(found: str, names: dict[str, str]) -> str:
    return found if found == _NONE else names.setdefault(found, f"#{len(names)}")


def _snapshot(snapshot: StateSnapshot) -> dict[str, Any]:
    return {
        "values": plain(snapshot.values),
        "next": list(snapshot.next),
        "config": _place(snapshot.config),
        "parent": _place(snapshot.parent_config),
        "metadata": _metadata(snapshot.metadata),
        "tasks": [plain(task) for task in snapshot.tasks],
        "interrupts": [plain(one) for one in snapshot.interrupts],
    }


def _task(task: PregelTask) -> dict[str, Any]:
    state = task.state if isinstance(task.state, StateSnapshot) or task.state is None else _place(task.state)
    return {
        "name": task.name,
        "path": plain(task.path),
        "error": None if task.error is None else str(task.error),
        "interrupts": [plain(one) for one in task.interrupts],
        "state": plain(state),
        "result": plain(task.result),
        "id": task.id,
    }


def _row(row: CheckpointTuple) -> dict[str, Any]:
    checkpoint = row.checkpoint
    return {
        "config": _place(row.config),
        "parent": _place(row.parent_config),
        "metadata": _metadata(row.metadata),
        "v": checkpoint["v"],
        "id": checkpoint["id"],
        "values": plain(checkpoint["channel_values"]),
        "versions": _versions(checkpoint["channel_versions"]),
        "seen": {node: _versions(seen) for node, seen in sorted(checkpoint["versions_seen"].items())},
        "updated": plain(checkpoint.get("updated_channels")),
        "writes": _writes(row),
    }


def _writes(row: CheckpointTuple) -> list[Any]:
    # Which of its successors a node starts first is the order of a set of names: another in each process.
    found = [[task, channel, plain(value)] for task, channel, value in row.pending_writes or []]
    starts: dict[str, list[list[Any]]] = {}
    for write in found:
        if write[1].startswith("branch:"):
            starts.setdefault(write[0], []).append(write)
    queues = {task: iter(sorted(writes, key=lambda write: str(write[1]))) for task, writes in starts.items()}
    return [next(queues[write[0]]) if write[1].startswith("branch:") else write for write in found]


def _place(config: Any) -> Any:
    return (
        None if config is None else {key: plain(part) for key, part in config["configurable"].items() if key in _PLACE}
    )


def _metadata(metadata: Any) -> Any:
    # A tuple in metadata is a list in some savers: LangGraph says so of its counters.
    return plain(
        {key: list(part) if isinstance(part, tuple) else _lists(part) for key, part in (metadata or {}).items()}
    )


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(part) for key, part in value.items()}
    return [_lists(part) for part in value] if isinstance(value, (list, tuple)) else value


def _versions(versions: Any) -> dict[str, int]:
    # Each saver has versions of its own form; they count up by one.
    return {channel: int(str(version).split(".")[0]) for channel, version in sorted(versions.items())}
