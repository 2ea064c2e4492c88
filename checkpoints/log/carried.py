"""CarriedWrites: what pruning left of one task's writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .codec import writes_digest
from .written import digest_of_write

__all__ = ["CarriedWrites"]


class CarriedWrites(NamedTuple):
    """What pruning left of one task's writes: those to delta channels, and what proves that they were among them."""

    checkpoint: str
    """Id of the checkpoint that the task ran on."""
    task: str
    """Id of the task."""
    path: bytes
    """Its path as msgpack."""
    salt: bytes
    """What the content of the row began with."""
    writes: Sequence[bytes | list[bytes]]
    """Each write as it was stored, or of one that is gone `[digest]`."""

    @property
    def digest(self) -> bytes:
        """The content digest of all that the task wrote."""
        digests = [digest_of_write(write) if isinstance(write, bytes) else write[0] for write in self.writes]
        return writes_digest(self.checkpoint, self.task, self.path, digests, self.salt)

    @classmethod
    def read(cls, found: Any) -> CarriedWrites:
        """What a row says of one.

        Raises:
            ValueError: It does not say that.
        """
        made = cls(*found) if isinstance(found, list) and len(found) == len(cls._fields) else None
        if made is None or not (
            isinstance(made.checkpoint, str)
            and isinstance(made.task, str)
            and isinstance(made.path, bytes)
            and isinstance(made.salt, bytes)
            and isinstance(made.writes, list)
            and all(isinstance(each, bytes) or _is_digest(each) for each in made.writes)
        ):
            raise ValueError("it carries what are no writes")
        return made


def _is_digest(found: Any) -> bool:
    return isinstance(found, list) and len(found) == 1 and isinstance(found[0], bytes) and len(found[0]) == 32
