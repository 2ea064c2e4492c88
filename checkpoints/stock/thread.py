"""StockThread: a thread of a stock saver as the requests that add it to the log."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import Any, NamedTuple

import ormsgpack
from langgraph.checkpoint.serde.types import TASKS

from ..log.codec import header_of
from ..log.line import LineKey
from ..log.request import PutCheckpoint, PutWrites, Request, Typed
from ..log.written import Written
from .json_rows import PACKING
from .tables import BlobKey, StockCheckpoint, StockLink, StockThread, StockWrite
from .value import damaged, stock_typed

__all__ = ["in_order", "requests_of"]

_CHUNK = 16
"""How many checkpoints are read at a time."""
_LONGEST_MARK = 64
"""Bytes up to which a value is its own mark."""
_SENDS = 4
"""Version of the checkpoints from which on they hold what was sent; before, their parent's writes do."""
_APART = {"channel_values", "channel_versions", "versions_seen", "id"}


def requests_of(thread: StockThread, name: str) -> Iterator[Request]:
    """What adds a thread to the log: each checkpoint, and after it what tasks wrote on it; then the stray writes.

    They come in the order of `in_order`, over all namespaces, as they came to the stock saver.

    Raises:
        RefusedRow: A row is not data, or is damaged.
    """
    links = in_order(thread.links())
    followers = Counter((link.namespace, link.parent) for link in links)
    known: dict[tuple[str, str | None], _Known] = {}
    for start in range(0, len(links), _CHUNK):
        some = links[start : start + _CHUNK]
        changes = [_change(row, thread, followers, known) for row in thread.checkpoints(some)]
        blobs = thread.blobs({each for change in changes for each in change.values.values() if type(each) is BlobKey})
        writes = {key: list(found) for key, found in groupby(thread.writes(some), _checkpoint_of)}
        for change in changes:
            yield _put_checkpoint(name, change, blobs)
            yield from _put_writes(name, writes.get((change.row.link.namespace, change.row.link.id), ()))
    yield from _put_writes(name, thread.strays())


def in_order(links: Collection[StockLink]) -> list[StockLink]:
    """Checkpoints by their ids, which grow with time, but none before the one that it follows.

    Clocks of two machines may differ, so that an id is below its parent's. The last one is the newest for quorate;
    where none follows an id above its own, that is the one for LangGraph too. Where checkpoints follow each other
    in a circle, which only a changed table has, the lowest id of it comes first.
    """
    there = {(link.namespace, link.id) for link in links}
    followers: dict[tuple[str, str], list[StockLink]] = {}
    ready: list[tuple[str, str, StockLink]] = []
    for link in links:
        if link.parent is not None and (link.namespace, link.parent) in there:
            followers.setdefault((link.namespace, link.parent), []).append(link)
        else:
            ready.append((link.id, link.namespace, link))
    heapq.heapify(ready)
    circled = sorted(links, key=lambda link: (link.id, link.namespace), reverse=True)
    ordered: dict[tuple[str, str], StockLink] = {}
    while len(ordered) < len(there):
        link = heapq.heappop(ready)[-1] if ready else circled.pop()
        key = link.namespace, link.id
        if key not in ordered:
            ordered[key] = link
            for each in followers.get(key, ()):
                heapq.heappush(ready, (each.id, each.namespace, each))
    return list(ordered.values())


class _Known(NamedTuple):
    """What a checkpoint that follows is compared with."""

    versions: Mapping[str, int | float]
    marks: Mapping[str, object]


class _Change(NamedTuple):
    """A checkpoint with the values in which it differs from the one that it follows."""

    row: StockCheckpoint
    versions: dict[str, int | float]
    seen: dict[str, dict[str, int | float]]
    values: Mapping[str, Typed | BlobKey | None]
    whole: bool


def _change(
    row: StockCheckpoint,
    thread: StockThread,
    followers: Counter[tuple[str, str | None]],
    known: dict[tuple[str, str | None], _Known],
) -> _Change:
    link = row.link
    versions = _versions(row, row.fields.get("channel_versions"))
    values = dict(row.values)
    if _form(row) < _SENDS and link.parent is not None:
        sends = _sends(thread, link._replace(id=link.parent, parent=None))
        if sends:
            values[TASKS] = stock_typed(sends, row.where)
            versions[TASKS] = max(versions.values(), default=1)
    marks = {channel: _mark(value) for channel, value in values.items()}
    before = known.get((link.namespace, link.parent))
    if followers[link.namespace, link.id]:
        known[link.namespace, link.id] = _Known(versions, marks)
    followers[link.namespace, link.parent] -= 1
    if not followers[link.namespace, link.parent]:
        known.pop((link.namespace, link.parent), None)
    # A value of a channel without a version was never written: it is the channel's default, which the graph has.
    changed = [
        channel
        for channel, version in versions.items()
        if before is None or before.versions.get(channel) != version or before.marks.get(channel) != marks.get(channel)
    ]
    return _Change(row, versions, _seen(row), {channel: values.get(channel) for channel in changed}, before is None)


def _seen(row: StockCheckpoint) -> dict[str, dict[str, int | float]]:
    found = row.fields.get("versions_seen")
    if not isinstance(found, dict):
        raise damaged(row.where, f"versions that are not an object: {found!r}")
    return {node: _versions(row, versions) for node, versions in found.items()}


def _form(row: StockCheckpoint) -> int:
    form = row.fields.get("v")
    if type(form) is not int:
        raise damaged(row.where, f"a checkpoint of the version {form!r}")
    return form


def _sends(thread: StockThread, parent: StockLink) -> list[Any]:
    """What tasks sent from the checkpoint before: older checkpoints do not hold it themselves."""
    writes = [write for write in thread.writes([parent]) if write.channel == TASKS]
    return [write.value for write in sorted(writes, key=lambda write: (write.path, write.task, write.idx))]


def _mark(value: Typed | BlobKey) -> object:
    """What tells a value from another, without keeping all of it."""
    if isinstance(value, BlobKey) or len(value[1]) <= _LONGEST_MARK:
        return value
    return value[0], blake2b(value[1], digest_size=16).digest()


def _versions(row: StockCheckpoint, found: object) -> dict[str, int | float]:
    """Versions as numbers, which quorate's own are.

    The stock savers' are text: a number and, after a point, a random one, by which the values of branches are kept
    apart. The log knows them by their places; and LangGraph compares versions of one kind only.
    """
    if not isinstance(found, dict):
        raise damaged(row.where, f"versions that are not an object: {found!r}")
    return {channel: _version(row, version) for channel, version in found.items()}


def _version(row: StockCheckpoint, found: object) -> int | float:
    match found:
        case int() | float():
            return found
        case str() if (number := found.partition(".")[0]).isdecimal():
            return int(number)
    raise damaged(row.where, f"a channel's version {found!r}")


def _put_checkpoint(name: str, change: _Change, blobs: Mapping[BlobKey, Typed]) -> PutCheckpoint:
    row, link = change.row, change.row.link
    sections = {
        "c": {key: value for key, value in row.fields.items() if key not in _APART},
        "m": dict(row.metadata),
        "s": change.seen,
        "v": change.versions,
    }
    try:
        header = header_of(sections, link.parent)
    except (ValueError, TypeError) as error:
        raise damaged(row.where, error) from error
    values = {
        channel: blobs[value] if isinstance(value, BlobKey) else value for channel, value in change.values.items()
    }
    return PutCheckpoint(
        key=LineKey(name, link.namespace),
        id=link.id,
        parent=link.parent,
        header=header,
        values=values,
        changed=frozenset(values),
        whole=change.whole,
        run=None,
        forks=True,
    )


def _put_writes(name: str, writes: Sequence[StockWrite]) -> Iterator[PutWrites]:
    """One request for what each task wrote."""
    for (namespace, checkpoint, task, path), found in groupby(writes, lambda write: write[:4]):
        each = list(found)
        # msgpack has bytes, but no bytearray: a value that is one says so in a fourth place.
        rows = [[one.idx, one.channel, one.value, *(("a",) if type(one.value) is bytearray else ())] for one in each]
        try:
            written = Written(
                ormsgpack.packb(path, option=PACKING), [ormsgpack.packb(row, option=PACKING) for row in rows]
            )
        except (ValueError, TypeError) as error:
            raise damaged(f"thread {name!r}, writes of task {task} on checkpoint {checkpoint}", error) from error
        yield PutWrites(
            key=LineKey(name, namespace),
            checkpoint=checkpoint,
            task=task,
            channels=tuple([one.channel for one in each]),
            written=written,
            run=None,
        )


def _checkpoint_of(write: StockWrite) -> tuple[str, str]:
    return write.namespace, write.checkpoint
