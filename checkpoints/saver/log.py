"""Log: a database's checkpoints, with the one writer and the readers that all its savers share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

from ..fork_lock import ForkLock
from ..log.codec import mask_of
from ..log.commit import Commit
from ..log.hold import Holds
from ..log.line import Line
from ..log.refusals import Refused
from ..log.store import Store
from ..log.writer import Writer
from ..sealing.seal import Sealer
from ..thread import Thread, time_of
from .readers import Readers
from .reading import Reading
from .runs import Runs
from .saver import Saver

__all__ = ["Log"]

_INTERRUPT = "__interrupt__"
"""The channel of what a task asks."""

_READERS = 4
"""How many threads the async savers read in."""


class Log:
    """A database's checkpoints, with the one writer and the readers that all its savers share.

    Args:
        store: Where they are.
        sealer: What seals them.
        holds: Which run is at work on which of them; None: only this handle knows.
    """

    def __init__(self, store: Store, sealer: Sealer, holds: Holds | None = None) -> None:
        self.store = store
        self.sealer = sealer
        self.writer = Writer(store, Commit(sealer))
        self.reading = Reading(store, sealer)
        self.runs = Runs(holds or Holds(), sealer)
        self._readers = Readers(_READERS)
        self._lock = ForkLock()
        self._open = 1  # this handle, and one for each saver within its `with` block

    @contextmanager
    def saver(self) -> Iterator[Saver]:
        """A saver, open within the `with` block."""
        with self._lock:
            self._open += 1
        try:
            yield Saver(self.reading, self.writer, self._readers, self.runs)
        finally:
            self.close()

    @asynccontextmanager
    async def asaver(self) -> AsyncIterator[Saver]:
        """A saver, open within the `async with` block."""
        with self.saver() as saver:
            yield saver

    def threads(self, limit: int | None = None, refused: Refused | None = None) -> list[Thread]:
        """The threads that have a checkpoint, newest first: see `Database.threads`."""
        with self.store.reading() as reader:
            return _threads(reader.lines(None, refused))[:limit]

    def interrupted(self, refused: Refused | None = None) -> list[Thread]:
        """The threads of which a task on the newest checkpoint has interrupted, newest first: all that wait, and more.

        It reads no checkpoint, so that it costs little where few of many threads wait.

        Args:
            refused: As in `Database.threads`.
        """
        with self.store.reading() as reader:
            pending = reader.pending(mask_of([_INTERRUPT]))
            return _threads(line for line in reader.lines(None, refused) if line.id in pending)

    def close(self) -> None:
        """Close it, once every saver is."""
        with self._lock:
            self._open -= 1
            if self._open:
                return
        self.writer.close()
        self._readers.shutdown()
        self.runs.close()
        self.store.close()


def _threads(lines: Iterable[Line]) -> list[Thread]:
    """The threads of lines that have a checkpoint, and are no subgraph's."""
    return [
        Thread(line.key.thread, time_of(line.head_id))
        for line in lines
        if not line.key.namespace and line.head_id is not None
    ]
