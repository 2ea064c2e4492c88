"""Proof: the content digest of an event, made again from what is stored of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ormsgpack

from .codec import checkpoint_digest, damaged, header_of, mask_of, writes_digest
from .line import LineKey
from .request import PutWrites
from .snapshot import Snapshot
from .value import Form, typed

__all__ = ["digest_of_checkpoint", "digest_of_writes", "emptied_of", "mask_of_writes"]


def digest_of_checkpoint(
    snapshot: Snapshot, emptied: Sequence[str], salt: bytes, held: Callable[[str, int], Form], where: str
) -> bytes:
    """The content digest that a checkpoint had when it was stored, if nothing has changed.

    Args:
        snapshot: The checkpoint, as it is stored.
        emptied: The channels that it emptied.
        salt: What its row begins with.
        held: Gives a channel's form at another place, to which a value of this one adds.
        where: What errors name.

    Raises:
        DatabaseError: A value adds to one that is not there.
    """
    own = dict.fromkeys(emptied) | dict.fromkeys(snapshot.own)
    try:
        values = {
            channel: typed(snapshot.own[channel], lambda place, channel=channel: held(channel, place))  # type: ignore[misc]
            if channel in snapshot.own
            else None
            for channel in own
        }
    except (TypeError, ValueError, IndexError) as error:
        raise damaged(where, error) from error
    return checkpoint_digest(snapshot.id, header_of(snapshot.sections, snapshot.parent), values, salt)


def digest_of_writes(key: LineKey, checkpoint: str, task: str, content: bytes, salt: bytes) -> bytes:
    """The content digest that a task's writes had when they were stored, if nothing has changed."""
    return writes_digest(PutWrites(key, checkpoint, task, (), content, None), salt)


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
