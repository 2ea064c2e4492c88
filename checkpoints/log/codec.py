"""Codec: the content of a line's events, to bytes and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import ormsgpack

from ...contracts import DatabaseError
from .digest import content_digest
from .mark import Marks, mark_of
from .request import PutCheckpoint
from .snapshot import Sections, Snapshot
from .value import Body, Form, grown, worth_knowing

__all__ = [
    "DEEPEST",
    "UNREADABLE",
    "decode_checkpoint",
    "encode_checkpoint",
    "full_payload",
    "header_of",
    "checkpoint_digest",
    "damaged",
    "lasting",
    "mask_of",
    "places_after",
    "rewritten",
    "seeds_of",
    "values_of",
    "writes_digest",
]

DEEPEST = 12
"""How many rows before it a checkpoint's row may need."""

UNREADABLE = "a row that cannot be read: "
"""How the message of a row that cannot be read begins."""

_FULL, _DELTA = 0, 1
_SECTIONS = ("c", "m", "s", "v")
_PASSING = ("branch:to:", "__")
"""How the names of LangGraph's own channels begin, which lose their value at once and are never a delta channel."""


def header_of(sections: Sections, parent: str | None) -> bytes:
    """A header as canonical msgpack: sorted keys, so that the same header gives the same bytes."""
    return ormsgpack.packb({**sections, "p": parent}, option=ormsgpack.OPT_SORT_KEYS)


def encode_checkpoint(
    request: PutCheckpoint,
    seq: int,
    parent: Snapshot | None,
    salt: bytes,
    stored: Callable[[str, int], Body | None] | None = None,
) -> tuple[bytes, bytes, Snapshot]:
    """A checkpoint's payload, its content digest, and what the next one is compared with.

    The digest covers the id, the header, and every value that this checkpoint has, wherever it is held.

    Args:
        request: The checkpoint.
        seq: Its place.
        parent: The checkpoint that it follows, with its marks.
        salt: What stands before the content of a sealed row.
        stored: Reads the list that a channel had at a place, where that is not in memory.
    """
    sections = ormsgpack.unpackb(request.header, ext_hook=ormsgpack.Ext)
    del sections["p"]
    snapshot = Snapshot(seq, request.id, request.parent, sections, {}, {}, {})
    emptied = _take_values(snapshot, request, parent, stored)
    changes = None if parent is None or parent.depth >= DEEPEST else _header_changes(parent, snapshot, request.header)
    if parent is None or changes is None:
        payload = full_payload(snapshot, emptied)
    else:
        snapshot.depth = parent.depth + 1
        payload = ormsgpack.packb([_DELTA, changes, emptied, snapshot.own])
    return payload, checkpoint_digest(snapshot, request.header, emptied, salt), snapshot


def full_payload(snapshot: Snapshot, emptied: Sequence[str]) -> bytes:
    """The payload of a checkpoint that needs no row before it."""
    held = {channel: place for channel, place in snapshot.held.items() if channel not in snapshot.own}
    seeds = lasting(snapshot.seeds)
    return ormsgpack.packb([_FULL, snapshot.sections, snapshot.parent, held, seeds, emptied, snapshot.own])


def decode_checkpoint(content: bytes, seq: int, id: str, parent: Snapshot | None, where: str) -> Snapshot:  # noqa: A002
    """The checkpoint of a row, given the one before it where the row needs it.

    Raises:
        DatabaseError: The row is not one that quorate wrote.
    """
    try:
        kind, *fields = ormsgpack.unpackb(content, ext_hook=ormsgpack.Ext)
        if kind == _FULL:
            sections, parent_id, held, seeds, emptied, own = fields
            held |= dict.fromkeys(own.keys() - set(emptied), seq)
            return Snapshot(seq, id, parent_id, sections, held, seeds, own)
        changes, emptied, own = fields
        if kind != _DELTA or parent is None:
            raise ValueError("it needs a row that is not there")
        sections = {
            name: _changed(parent.sections[name], change) for name, change in zip(_SECTIONS, changes, strict=True)
        }
        held, seeds = places_after(parent, seq, own, emptied)
        return Snapshot(seq, id, parent.id, sections, held, seeds, own, parent.depth + 1)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise damaged(where, error) from error


def places_after(
    parent: Snapshot | None, seq: int, own: Iterable[str], emptied: Iterable[str]
) -> tuple[dict[str, int], dict[str, int]]:
    """What `held` and `seeds` of a checkpoint at `seq` are, from those of the one that it follows."""
    held, seeds = ({}, {}) if parent is None else (dict(parent.held), dict(parent.seeds))
    for channel in own:
        held[channel] = seq
        seeds.pop(channel, None)
    for channel in emptied:
        place = held.pop(channel, None)
        if place is not None:
            seeds[channel] = place
    return held, seeds


def lasting(seeds: Mapping[str, int]) -> dict[str, int]:
    """The seeds of the channels that may be delta channels: LangGraph's own, which pass at once, are not."""
    return {channel: place for channel, place in seeds.items() if not channel.startswith(_PASSING)}


def seeds_of(snapshot: Snapshot) -> dict[str, int]:
    """The channels of a checkpoint that may be delta channels and have lost their value, with the place of the last."""
    versions = snapshot.sections["v"]
    return {channel: place for channel, place in lasting(snapshot.seeds).items() if channel in versions}


def rewritten(content: bytes, snapshot: Snapshot, *, standing: bool) -> tuple[bytes, bool]:
    """The payload of a checkpoint whose values are held elsewhere now, and whether it needs no row before it.

    Args:
        content: What its row says so far.
        snapshot: The checkpoint, with the places and own values that it is to have.
        standing: Whether it is to need no row before it, even if it did so far.
    """
    kind, *fields, emptied, _ = ormsgpack.unpackb(content, ext_hook=ormsgpack.Ext)
    if standing or kind == _FULL:
        return full_payload(snapshot, emptied), True
    return ormsgpack.packb([kind, *fields, emptied, snapshot.own]), False


def values_of(content: bytes, where: str) -> dict[str, Form]:
    """The values that a checkpoint's row holds itself, whatever else it needs.

    Raises:
        DatabaseError: The row is not one that quorate wrote.
    """
    try:
        own = ormsgpack.unpackb(content, ext_hook=ormsgpack.Ext)[-1]
        return dict(own)
    except (ValueError, TypeError) as error:
        raise damaged(where, error) from error


def checkpoint_digest(snapshot: Snapshot, header: bytes, emptied: Sequence[str], salt: bytes) -> bytes:
    """The content digest of a checkpoint: of its id, its header, and all the values that it has, wherever they are.

    So what pruning carries on of the values of checkpoints that go is proved by those that stay.

    Args:
        snapshot: The checkpoint, with its marks.
        header: What `header_of` gives.
        emptied: The channels that it emptied.
        salt: What stands before the content of a sealed row.

    Raises:
        ValueError: Its marks are not known.
    """
    if snapshot.marks is None:
        raise ValueError(f"the values of checkpoint {snapshot.id} are not known")
    held, seeds = snapshot.marks
    if seeds:
        versions = snapshot.sections["v"]
        seeds = {channel: mark for channel, mark in seeds.items() if channel in versions}
    return content_digest(("checkpoint", snapshot.id, header, list(snapshot.own), emptied, held, seeds, salt))


def writes_digest(checkpoint: str, task: str, path: bytes, writes: Sequence[bytes], salt: bytes) -> bytes:
    """The content digest of a task's writes.

    Args:
        checkpoint: Id of the checkpoint that the task ran on.
        task: Its id.
        path: Its path as msgpack.
        writes: The digest of each write, so that one can be proved when others were pruned.
        salt: What stands before the content of a sealed row.
    """
    return content_digest(("writes", checkpoint, task, path, writes, salt))


def mask_of(channels: Sequence[str]) -> int:
    """One bit of 62 for each channel, so that writes which cannot concern a channel are not read."""
    mask = 0
    for channel in channels:
        mask |= 1 << (sum(channel.encode()) % 62)
    return mask


def damaged(where: str, error: object) -> DatabaseError:
    """The error of a row that cannot be read."""
    return DatabaseError(
        where,
        got=f"{UNREADABLE}{error}",
        expected="a row that quorate wrote",
        fix="find out what changed it, and go on from a backup; `quorate audit verify` says what else has changed",
    )


def _take_values(
    snapshot: Snapshot,
    request: PutCheckpoint,
    parent: Snapshot | None,
    stored: Callable[[str, int], Body | None] | None,
) -> list[str]:
    """Say for each channel where its value is; the channels that have been emptied."""
    emptied = []
    versions = snapshot.sections["v"]
    before: dict[str, Any] = {}
    if parent is not None:
        before = parent.sections["v"]
        snapshot.held, snapshot.seeds, snapshot.bodies = dict(parent.held), dict(parent.seeds), dict(parent.bodies)
        if parent.marks is None:
            raise ValueError(f"the values of checkpoint {parent.id} are not known")
        snapshot.marks = Marks(dict(parent.marks.held), dict(parent.marks.seeds))
    else:
        snapshot.marks = Marks({}, {})
    held, seeds, bodies = snapshot.held, snapshot.seeds, snapshot.bodies
    marks, seed_marks = snapshot.marks
    for channel, value in request.values.items():
        if channel not in request.changed and before.get(channel) == versions.get(channel):
            continue
        if value is None:
            emptied.append(channel)
            bodies.pop(channel, None)
            if channel in held:
                _lose(snapshot, channel)
            continue
        known = bodies.get(channel)
        if known is None and channel in held and stored is not None and worth_knowing(value):
            known = stored(channel, held[channel])
        form, body = grown(value, snapshot.seq, known)
        if body is None:
            bodies.pop(channel, None)
        else:
            bodies[channel] = body
        snapshot.own[channel] = form
        held[channel] = snapshot.seq
        marks[channel] = mark_of(value)
        seeds.pop(channel, None)
        seed_marks.pop(channel, None)
    for channel in held.keys() - versions.keys():  # a channel that the graph has lost
        emptied.append(channel)
        _lose(snapshot, channel)
    return emptied


def _lose(snapshot: Snapshot, channel: str) -> None:
    """Note that a channel has lost its value."""
    snapshot.seeds[channel] = snapshot.held.pop(channel)
    if snapshot.marks is not None:
        mark = snapshot.marks.held.pop(channel)
        if not channel.startswith(_PASSING):
            snapshot.marks.seeds[channel] = mark


def _header_changes(parent: Snapshot, snapshot: Snapshot, header: bytes) -> list[list[Any]] | None:
    """What makes a header of the one before it, by section; None where that would not give the same bytes."""
    old, new = parent.sections, snapshot.sections
    changes = [_changes(old[name], new[name]) for name in _SECTIONS]
    made = {name: _changed(old[name], change) for name, change in zip(_SECTIONS, changes, strict=True)}
    # To Python 1, 1.0 and True are equal: only the bytes tell.
    return changes if header_of(made, snapshot.parent) == header else None


def _changes(old: dict[str, Any], new: dict[str, Any]) -> list[Any]:
    """What makes the new section of the old one: what to set, and what to take out where there is such a thing."""
    put = {key: value for key, value in new.items() if old.get(key, _changes) != value}
    gone = [key for key in old if key not in new] if len(old) + len(put) > len(new) else []
    return [put, gone] if gone else [put]


def _changed(old: dict[str, Any], change: Sequence[Any]) -> dict[str, Any]:
    made = {**old, **change[0]}
    for key in change[1] if len(change) > 1 else ():
        del made[key]
    return made
