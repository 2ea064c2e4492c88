"""Proof: the content digest of an event, made again from what is stored of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ormsgpack

from .codec import checkpoint_digest, damaged, header_of, mask_of, seeds_of, writes_digest
from .mark import Mark, marks_of
from .snapshot import Snapshot
from .written import written_of

__all__ = ["digest_of_checkpoint", "digest_of_writes", "emptied_of", "mask_of_writes"]


def digest_of_checkpoint(
    snapshot: Snapshot, emptied: Sequence[str], salt: bytes, mark: Callable[[str, int], Mark]
) -> bytes:
    """The content digest that a checkpoint had when it was stored, if nothing has changed.

    Args:
        snapshot: The checkpoint, as it is stored.
        emptied: The channels that it emptied.
        salt: What its row begins with.
        mark: Gives the mark of a channel's value at a place.

    Raises:
        DatabaseError: A value is not there.
    """
    snapshot.marks = marks_of(snapshot.held, seeds_of(snapshot), mark)
    return checkpoint_digest(snapshot, header_of(snapshot.sections, snapshot.parent), emptied, salt)


def digest_of_writes(checkpoint: str, task: str, content: bytes, salt: bytes, where: str) -> bytes:
    """The content digest that a task's writes had when they were stored, if nothing has changed.

    Raises:
        DatabaseError: The row is not one that quorate wrote.
    """
    try:
        written = written_of(content)
    except ValueError as error:
        raise damaged(where, error) from error
    return writes_digest(checkpoint, task, written.path, written.digests, salt)


def emptied_of(content: bytes, where: str) -> list[str]:
    """The channels that a checkpoint emptied, from its row's content.

    Raises:
        DatabaseError: The row is not one that quorate wrote.
    """
    try:
        return list(map(str, ormsgpack.unpackb(content, ext_hook=ormsgpack.Ext)[-2]))
    except (ValueError, TypeError, IndexError) as error:
        raise damaged(where, error) from error


def mask_of_writes(content: bytes, where: str) -> int:
    """The mask of the channels that a task wrote, from its row's content.

    Raises:
        DatabaseError: The row is not one that quorate wrote.
    """
    try:
        _, writes = ormsgpack.unpackb(content, ext_hook=ormsgpack.Ext, option=ormsgpack.OPT_NON_STR_KEYS)
        return mask_of([channel for _, channel, *_ in writes])
    except (ValueError, TypeError, AttributeError) as error:
        raise damaged(where, error) from error
