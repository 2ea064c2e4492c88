"""TaskWrite: what a task wrote on a checkpoint, in the order in which LangGraph applies it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import ormsgpack
from langgraph.checkpoint.base import writes_sort_key

from .carried import CarriedWrites
from .codec import damaged
from .store import WritesRow

__all__ = ["TaskWrite", "in_order", "raw_writes"]

Content = tuple[Any, ...] | list[Any]
"""Path and writes of one task, as `Written.content` says; or of a carried row: None, and `CarriedWrites`."""


class TaskWrite(NamedTuple):
    """One value that a task wrote."""

    task: str
    """Id of the task."""
    channel: str
    """The channel that it wrote to."""
    value: Any
    """What it wrote."""


def in_order(
    rows: Iterable[WritesRow], read: Callable[[bytes], Content], open_: Callable[[WritesRow], bytes], where: str
) -> dict[int, list[TaskWrite]]:
    """The writes of each checkpoint, by its place, in the order in which LangGraph applies them.

    Of a task's regular writes the first stored under an index counts, of its special ones the last. What was carried
    from pruned checkpoints is in order already. The checkpoints come in the order of the rows.

    Args:
        rows: What is stored.
        read: Makes values of a content.
        open_: The content of a row.
        where: The line, for messages.

    Raises:
        DatabaseError: A row is not one that quorate wrote.
    """
    found: dict[int, dict[int, _Stored]] = {}
    for row in rows:
        # What was carried is of several checkpoints, the oldest first; else one step of a checkpoint is all.
        steps = found.setdefault(row.checkpoint or 0, {})
        try:
            path, writes, *_ = read(open_(row))
            if path is None:
                for step, each in _carried(writes):
                    kept = [read(write) for write in each.writes if isinstance(write, bytes)]
                    _store(steps.setdefault(step, {}), read(each.path), each.task, kept)
            else:
                _store(steps.setdefault(0, {}), path, row.task, writes)
        except (ValueError, TypeError) as error:
            raise damaged(f"{where}, writes of task {row.task}", error) from error
    return {
        place: [write for stored in steps.values() for _, write in sorted(stored.values(), key=_key)]
        for place, steps in found.items()
    }


def raw_writes(content: bytes) -> Content:
    """The content of a row, with objects left as they are stored."""
    read: Content = ormsgpack.unpackb(content, ext_hook=ormsgpack.Ext, option=ormsgpack.OPT_NON_STR_KEYS)
    return read


_Stored = dict[tuple[str, int], tuple[tuple[str, str, int], TaskWrite]]


def _store(stored: _Stored, path: Any, task: str, writes: Iterable[Any]) -> None:
    for index, channel, value, *form in writes:
        if not isinstance(channel, str):
            raise TypeError("it names no channel")
        if index < 0 or (task, index) not in stored:
            stored[task, index] = writes_sort_key(path, task, index), TaskWrite(task, channel, _value(value, form))


def _carried(found: Iterable[Any]) -> Iterator[tuple[int, CarriedWrites]]:
    """What was carried, with the number of the checkpoint that it was written on."""
    step, before = 0, None
    for each in map(CarriedWrites.read, found):
        step += each.checkpoint != before
        before = each.checkpoint
        yield step, each


def _key(each: tuple[tuple[str, str, int], TaskWrite]) -> tuple[str, str, int]:
    return each[0]


def _value(value: Any, form: list[Any]) -> Any:
    return bytearray(value) if form else value
